"""An application with all that makes profiles hard to write: recursion of each
kind, functions that share file, line and name, names that need quoting, C code
that calls back, exceptions, generators, threads, depth. Run, it is asked for
each of its routes and leaves `profiling` in the working directory."""
import dataclasses
import functools
import json
import re
import sys
import threading
from wsgiref.util import setup_testing_defaults

import cprof

# Compiled by hand: the name of the file is in the profile, the file is nowhere.
ODD = '''
def naïve(number):
    return number and naïve(number - 1)

class First:
    def method(self): return [helper(value) for value in range(30)]
class Second:
    def method(self): return sorted(range(50), key=lambda value: -value)

def helper(value): return len(str(value))

one, two = (lambda x: x + 1), (lambda x: helper(x))
'''
odd = {"__name__": "odd"}
exec(compile(ODD, "/srv/odd (2) näme, with = and \"quotes\".py", "exec"), odd)


def direct():
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)
    return fib(12)


def mutual():
    def even(n):
        return n == 0 or odd_(n - 1)

    def odd_(n):
        return n != 0 and three(n - 1)

    def three(n):
        return n == 0 or even(n - 1) or odd_(n - 1) if n < 6 else even(n - 1)
    return even(30)


def names():
    odd["naïve"](20)
    odd["First"]().method()
    odd["Second"]().method()
    return [function(3) for function in (odd["one"], odd["two"])]


def twins():
    """Three __init__ in "<string>" on one line."""
    kinds = [dataclasses.make_dataclass("Kind%d" % number, ["value"]) for number in range(3)]
    return [kind(count) for kind in kinds for count in range(10)]


def back_and_forth():
    """C that calls Python that calls C."""
    total = functools.reduce(lambda a, b: max(a, b), range(100))
    return re.sub("[0-9]", lambda match: str(int(match.group()) + 1), json.dumps({"total": total}))


def exceptions():
    def fail(depth):
        if depth == 0:
            int("no number")
        fail(depth - 1)

    caught = 0
    for _ in range(20):
        try:
            fail(10)
        except ValueError:
            caught += 1
    try:
        [].pop()
    except IndexError:
        caught += 1
    return caught


def generators():
    def inner(count):
        for number in range(count):
            yield number * number

    def outer(count):
        yield from inner(count)
        half = inner(count)
        next(half)
        half.close()
    return sum(outer(40))


def deep():
    """Past what pprof's format keeps in full."""
    def down(n):
        return 0 if n == 0 else step(n)

    def step(n):
        return 1 + down(n - 1)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(5000)
    try:
        return down(1000)
    finally:
        sys.setrecursionlimit(limit)


def threads():
    workers = [threading.Thread(target=direct) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def streamed():
    return (str(direct()).encode() for _ in range(5))


def nothing():
    pass


ROUTES = [direct, mutual, names, twins, back_and_forth, exceptions, generators, deep, threads,
          streamed, nothing]


def app(environ, start_response):
    route = next(route for route in ROUTES if environ["PATH_INFO"] == "/" + route.__name__)
    result = route()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return result if route is streamed else [str(result).encode()]


def ask(application, path):
    environ = {"PATH_INFO": path, "SCRIPT_NAME": ""}
    setup_testing_defaults(environ)
    body = application(environ, lambda *_: None)
    blocks = list(body)
    if hasattr(body, "close"):
        body.close()
    return b"".join(blocks)


def main():
    application = cprof.CProfMiddleware(app)
    for route in ROUTES:
        assert ask(application, "/" + route.__name__)
    # One name twice.
    ask(application, "/nothing")
    assert cprof.flush(60)


if __name__ == "__main__":
    main()
