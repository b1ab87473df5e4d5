"""wsgiref.validate is content on both sides of the middleware."""

import io
import warnings

import pytest
from ext_client import environ_for
from wsgiref.validate import validator

APPS = {}


def app(function):
    APPS[function.__name__] = function
    return function


HEADERS = [("Content-Type", "text/plain")]


@app
def a_list(environ, start_response):
    start_response("200 OK", list(HEADERS))
    return [b"one", b"two"]


@app
def a_tuple(environ, start_response):
    start_response("200 OK", list(HEADERS))
    return (b"one",)


@app
def nothing(environ, start_response):
    start_response("204 No Content", [])
    return []


@app
def a_generator_application(environ, start_response):
    start_response("200 OK", list(HEADERS))
    yield b"one"
    yield b"two"


@app
def an_iterator(environ, start_response):
    start_response("200 OK", list(HEADERS))
    return iter([b"one", b"two"])


@app
def written(environ, start_response):
    write = start_response("200 OK", list(HEADERS))
    write(b"one")
    write(b"")
    return [b"two"]


@app
def error_before_headers_are_out(environ, start_response):
    import sys

    start_response("200 OK", list(HEADERS))
    try:
        raise ValueError
    except ValueError:
        start_response("500 Oh", list(HEADERS), sys.exc_info())
    return [b"oh"]


@app
def reads_its_input(environ, start_response):
    body = environ["wsgi.input"].read(3)
    environ["wsgi.errors"].write("read\n")
    start_response("200 OK", list(HEADERS))
    return iter([body])


def run(application, method):
    """As a server, with the environ validator wants, and without its own eyes shut."""
    seen = []

    def start_response(status, headers, exc_info=None):
        seen.append((status, headers))
        return seen.append

    environ = environ_for("/x?q=1", method)
    environ["wsgi.input"] = io.BytesIO(b"input")
    result = application(environ, start_response)
    try:
        blocks = list(iter(result))
    finally:
        if hasattr(result, "close"):
            result.close()
    return seen, blocks


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("application", APPS.values(), ids=APPS.keys())
def test_both_sides(archive, application, method):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = run(validator(application), method)
        inside = archive.wrap(validator(application))
        outside = validator(archive.wrap(application))
        both = validator(archive.wrap(validator(application)))
        for wrapped in (inside, outside, both):
            assert run(wrapped, method) == expected
    snapshots = archive.snapshots()
    assert [s.json["method"] for s in snapshots] == [method] * 3
    assert [s.json["status"] for s in snapshots] == [expected[0][-1][0]
                                                     if application is not written
                                                     else "200 OK"] * 3


@pytest.mark.parametrize("wrong", [
    lambda e, s: s(b"200 OK", []) or [],
    lambda e, s: s("200", [], 1, 2) or [],
    lambda e, s: s() or [],
    lambda e, s: s(status="200 OK", headers=[]) or [],
    lambda e, s: s("200 OK", []) and s("200 OK", []) or [],
    lambda e, s: "text",
    lambda e, s: None,
])
def test_validator_still_sees_what_is_wrong(archive, wrong):
    """The same complaint as without the middleware."""
    errors = []
    for application in (wrong, archive.wrap(wrong)):
        with pytest.raises(Exception) as info:
            run(validator(application), "GET")
        errors.append((type(info.value), str(info.value)))
    assert errors[0] == errors[1]
