"""What the servers of these tests serve: a route for each kind of response, and
four functions that overlap in time and must not mix.

    BARE=1      without the middleware, for responses to compare with
    WORK=DIR    holds the file that /file sends; streams note their end there
"""
import hashlib
import os
import sys
import threading
import time

from flask import Flask, Response, request, send_file

WORK = os.environ["WORK"]
BLOCK = b"x" * 65536

app = Flask(__name__)


def note(line):
    """One line in WORK/notes, whole also when several workers write."""
    with open(os.path.join(WORK, "notes"), "a") as notes:
        notes.write(line + "\n")


@app.get("/")
def root():
    return {"hello": "world"}


@app.get("/user/<int:id>")
def user(id):
    return {"user": id, "square": square(id)}


def square(number):
    return number * number


@app.get("/stream/<name>")
def stream(name):
    def lines():
        try:
            for number in range(40):
                yield "%s %d\n" % (name, square(number))
        finally:
            note("closed stream " + name)
    return Response(lines(), content_type="text/plain")


@app.get("/endless/<name>")
def endless(name):
    """More than any socket buffers, so a client that is gone gets noticed."""
    def blocks():
        try:
            for _ in range(4000):
                yield BLOCK
            note("finished endless " + name)
        finally:
            note("closed endless " + name)
    return Response(blocks(), content_type="application/octet-stream")


@app.get("/slow-stream/<name>")
def slow_stream(name):
    def lines():
        note("began slow-stream " + name)
        for number in range(5):
            time.sleep(0.3)
            yield "line %d\n" % number
    return Response(lines(), content_type="text/plain")


@app.get("/file")
def file():
    return send_file(os.path.join(WORK, "file.bin"), etag=False)


@app.get("/big/<int:blocks>")
def big(blocks):
    return Response(BLOCK * blocks, content_type="application/octet-stream")


@app.post("/echo")
def echo():
    body = request.get_data()
    return {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}


@app.get("/empty")
def empty():
    return "", 204


@app.get("/error")
def error():
    raise RuntimeError("this route always fails")


@app.get("/broken-stream")
def broken_stream():
    def lines():
        yield "a first line\n"
        raise RuntimeError("this stream always breaks")
    return Response(lines(), content_type="text/plain")


@app.get("/pid/<name>")
def pid(name):
    """Long enough that one more process must take the request beside it."""
    time.sleep(0.2)
    return str(os.getpid())


@app.get("/wide/<int:number>")
def wide(number):
    """A profile that takes a while to write."""
    return str(count_paths(8, 8))


def count_paths(right, down):
    if right == 0 or down == 0:
        return 1
    return count_paths_right(right - 1, down) + count_paths(right, down - 1)


def count_paths_right(right, down):
    return count_paths(right, down)


@app.get("/hang")
def hang():
    time.sleep(300)
    return "never"


# Each waits ten times in a function of its own; whoever is served meanwhile in
# another greenlet or thread calls other functions.
def wait_alpha():
    time.sleep(0.02)


def wait_beta():
    time.sleep(0.02)


def wait_gamma():
    time.sleep(0.02)


def wait_delta():
    time.sleep(0.02)


def repeat_alpha():
    for _ in range(10):
        wait_alpha()


def repeat_beta():
    for _ in range(10):
        wait_beta()


def repeat_gamma():
    for _ in range(10):
        wait_gamma()


def repeat_delta():
    for _ in range(10):
        wait_delta()


OVERLAPPING = {"alpha": repeat_alpha, "beta": repeat_beta, "gamma": repeat_gamma,
               "delta": repeat_delta}
running = set()
together = set()


@app.get("/overlap/<which>/<int:number>")
def overlap(which, number):
    """Answers with those that were there at the same time, for the test to see that it tests."""
    me = (which, number, threading.get_ident())
    running.add(me)
    together.update(name for name, _, _ in running)
    OVERLAPPING[which]()
    running.discard(me)
    together.update(name for name, _, _ in running)
    return " ".join(sorted(together))


def raw(environ, start_response):
    """What PEP 3333 allows and Flask does not do."""
    headers = [("Content-Type", "text/plain")]
    kind = environ["PATH_INFO"].rsplit("/", 1)[1]
    if kind == "list":
        start_response("200 OK", headers)
        return [b"one ", b"two ", b"three"]
    if kind == "tuple":
        start_response("200 OK", headers)
        return (b"only one",)
    if kind == "iterator":
        start_response("200 OK", headers)
        return iter([b"no ", b"", b"close"])
    if kind == "sized":
        start_response("200 OK", headers)
        return Sized([b"a body ", b"with a length"])
    if kind == "write":
        write = start_response("200 OK", headers)
        write(b"written ")
        write(b"before ")
        return [b"returned"]
    if kind == "late":
        return late(start_response, headers)
    start_response("200 OK", headers)
    start_response("503 Thought Better Of It", headers, exc_info(ValueError("forget the first")))
    return [b"sorry"]


class Sized:
    def __init__(self, blocks):
        self.blocks = blocks

    def __len__(self):
        return len(self.blocks)

    def __iter__(self):
        return iter(self.blocks)

    def close(self):
        note("closed sized")


def late(start_response, headers):
    start_response("202 Late", headers)
    yield b"started with "
    yield b"the first block"


def exc_info(error):
    try:
        raise error
    except ValueError:
        return sys.exc_info()


flask_wsgi_app = app.wsgi_app


def dispatch(environ, start_response):
    answer = raw if environ["PATH_INFO"].startswith("/raw/") else flask_wsgi_app
    return answer(environ, start_response)


app.wsgi_app = dispatch

if "BARE" not in os.environ:
    from cprof import CProfMiddleware

    app.wsgi_app = CProfMiddleware(app)
