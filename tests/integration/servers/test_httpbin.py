"""httpbin, an application of others with 56 routes, wrapped and not wrapped: the
same requests to both, the same responses, one snapshot for each."""
import re
import sys
from collections import Counter

import pytest

from serving import Answer, Server, ask, ask_all, script
from sessions import make_work
from snapshots import only_run

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# The route each is to be named by, and the request.
REQUESTS = [
    ("/", "GET", "/"),
    ("/html", "GET", "/html"),
    ("/robots.txt", "GET", "/robots.txt"),
    ("/deny", "GET", "/deny"),
    ("/ip", "GET", "/ip"),
    ("/uuid", "GET", "/uuid"),
    ("/headers", "GET", "/headers", None, {"X-Asked": "yes", "Cookie": "a=b"}),
    ("/user-agent", "GET", "/user-agent", None, {"User-Agent": "a test"}),
    ("/get", "GET", "/get?key=value&key=other&utf=%C3%A9"),
    ("/get", "HEAD", "/get"),
    ("/get", "OPTIONS", "/get"),
    ("/post", "POST", "/post", b"name=value&file=%00%FF", FORM),
    ("/post", "POST", "/post", b'{"json": [1, 2, {"three": null}]}', JSON),
    ("/post", "POST", "/post", bytes(range(256)) * 400, {"Content-Type": "application/octet-stream"}),
    ("/put", "PUT", "/put", b"some body", {}),
    ("/patch", "PATCH", "/patch", b"some body", {}),
    ("/delete", "DELETE", "/delete"),
    ("/anything", "GET", "/anything?x=1"),
    ("/anything/{anything}", "TRACE", "/anything/below/it"),
    ("/gzip", "GET", "/gzip"),
    ("/deflate", "GET", "/deflate"),
    ("/brotli", "GET", "/brotli"),
    ("/redirect/{n}", "GET", "/redirect/3"),
    ("/redirect/{n}", "GET", "/redirect/1?absolute=true"),
    ("/relative-redirect/{n}", "GET", "/relative-redirect/2"),
    ("/absolute-redirect/{n}", "GET", "/absolute-redirect/2"),
    ("/redirect-to", "GET", "/redirect-to?url=http%3A%2F%2Fexample.test%2F&status_code=307"),
    ("/stream/{n}", "GET", "/stream/20"),
    ("/stream-bytes/{n}", "GET", "/stream-bytes/5000?seed=7&chunk_size=900"),
    ("/drip", "GET", "/drip?duration=0.3&numbytes=6&code=200&delay=0.1"),
    ("/drip", "GET", "/drip?duration=0&numbytes=3&code=404"),
    ("/range/{numbytes}", "GET", "/range/2000"),
    ("/range/{numbytes}", "GET", "/range/2000?chunk_size=100", None, {"Range": "bytes=500-1499"}),
    ("/range/{numbytes}", "GET", "/range/2000", None, {"Range": "bytes=5000-"}),
    ("/bytes/{n}", "GET", "/bytes/3000?seed=3"),
    ("/status/{codes}", "GET", "/status/200"),
    ("/status/{codes}", "GET", "/status/204"),
    ("/status/{codes}", "GET", "/status/304"),
    ("/status/{codes}", "POST", "/status/404"),
    ("/status/{codes}", "PUT", "/status/500"),
    ("/status/{codes}", "GET", "/status/418"),
    ("/status/{codes}", "GET", "/status/402"),
    ("/response-headers", "GET", "/response-headers?X-One=1&X-One=2&Server=mine"),
    ("/cookies", "GET", "/cookies", None, {"Cookie": "one=1; two=2"}),
    ("/cookies/set", "GET", "/cookies/set?k1=v1&k2=v2"),
    ("/cookies/set/{name}/{value}", "GET", "/cookies/set/name/value"),
    ("/cookies/delete", "GET", "/cookies/delete?k1="),
    ("/forms/post", "GET", "/forms/post"),
    ("/basic-auth/{user}/{passwd}", "GET", "/basic-auth/me/secret", None,
     {"Authorization": "Basic bWU6c2VjcmV0"}),
    ("/basic-auth/{user}/{passwd}", "GET", "/basic-auth/me/secret"),
    ("/hidden-basic-auth/{user}/{passwd}", "GET", "/hidden-basic-auth/me/secret"),
    ("/bearer", "GET", "/bearer", None, {"Authorization": "Bearer token"}),
    ("/digest-auth/{qop}/{user}/{passwd}", "GET", "/digest-auth/auth/me/secret"),
    ("/delay/{delay}", "GET", "/delay/0.3"),
    ("/base64/{value}", "GET", "/base64/Y3Byb2Y="),
    ("/base64/{value}", "GET", "/base64/not-that"),
    ("/cache", "GET", "/cache"),
    ("/cache", "GET", "/cache", None, {"If-None-Match": "any"}),
    ("/cache/{value}", "GET", "/cache/60"),
    ("/etag/{etag}", "GET", "/etag/mine"),
    ("/etag/{etag}", "GET", "/etag/mine", None, {"If-None-Match": "mine"}),
    ("/etag/{etag}", "GET", "/etag/mine", None, {"If-Match": "other"}),
    ("/encoding/utf8", "GET", "/encoding/utf8"),
    ("/links/{n}", "GET", "/links/5"),
    ("/links/{n}/{offset}", "GET", "/links/5/2"),
    ("/image", "GET", "/image", None, {"Accept": "image/png"}),
    ("/image", "GET", "/image", None, {"Accept": "text/plain"}),
    ("/image/png", "GET", "/image/png"),
    ("/image/jpeg", "GET", "/image/jpeg"),
    ("/image/webp", "GET", "/image/webp"),
    ("/image/svg", "GET", "/image/svg"),
    ("/xml", "GET", "/xml"),
    ("/json", "GET", "/json"),
    ("/static/{filename}", "GET", "/static/favicon.ico"),
    ("{unmatched}", "GET", "/no/such/route"),
    ("{unmatched}", "POST", "/xml"),
]
# Made at random, or from the time: in /uuid and /gzip, and in the headers named.
UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RANDOM_HEADERS = {"/cache": ["etag"], "/digest-auth/{qop}/{user}/{passwd}": ["www-authenticate", "set-cookie"]}


def server(work, **environment):
    command = [sys.executable, script("gunicorn"), "-k", "gthread", "--threads", "8",
               "--no-control-socket", "-b", "127.0.0.1:{port}", "served_httpbin:app"]
    return Server(command, work, environment=environment)


def mask(route, answer):
    body = answer.body
    if route == "/uuid":
        body = UUID.sub(b"UUID", body)
    elif route == "/gzip":
        body = body[:4] + b"time" + body[8:]
    names = RANDOM_HEADERS.get(route, [])
    headers = [(name, "random" if name in names else value) for name, value in answer.headers]
    return Answer(answer.status, answer.reason, headers, body, answer.error)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """(wrapped answers, bare answers, the run)"""
    wrapped_work = make_work(tmp_path_factory.mktemp("wrapped") / "work")
    bare_work = make_work(tmp_path_factory.mktemp("bare") / "work")
    with server(wrapped_work) as wrapped, server(bare_work, BARE="1") as bare:
        answers = [[ask(one.port, *request[1:]) for request in REQUESTS] for one in (wrapped, bare)]
        # Once more, all at once.
        again = ask_all(wrapped.port, [request[1:] for request in REQUESTS])
        assert wrapped.stop() == 0
    assert not (bare_work / "profiling").exists()
    return answers[0], answers[1], again, only_run(str(wrapped_work / "profiling"))


def test_httpbin__answers_as_without_the_middleware(asked):
    wrapped, bare, again, _ = asked
    for number, (route, *request) in enumerate(REQUESTS):
        expected = mask(route, bare[number])
        assert expected.error is None and expected.status is not None
        assert mask(route, wrapped[number]) == expected, request
        if "seed=" in request[1]:
            # The seed is the whole process', for all requests there are at once.
            expected.body = again[number].body
        assert mask(route, again[number]) == expected, request


def test_httpbin__asks_for_what_it_says():
    assert len({route for route, *_ in REQUESTS}) > 45


def test_httpbin__one_snapshot_per_request(asked):
    wrapped, _, _, run = asked
    run.check()
    found = Counter((m["route"], m["method"], m["status"], m["bytes_sent"])
                    for m in (snapshot.manifest for snapshot in run.snapshots))
    expected = Counter()
    for (route, method, *_), answer in zip(REQUESTS, wrapped):
        size = None if route == "/static/{filename}" else len(answer.body)
        # "200 OK" both; and "418 I'M A TEAPOT".
        expected[route, method, "%s %s" % (answer.status, answer.reason), size] += 2
    assert found == expected
    assert run.counts() == (2 * len(REQUESTS), 2 * len(REQUESTS), 0)
