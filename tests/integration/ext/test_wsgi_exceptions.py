"""Exceptions pass through unchanged, and none leaves the hook installed."""

import sys
import traceback

import pytest
from ext_client import environ_for, failure, serve

OK = "200 OK", []


class Unusual(BaseException):
    pass


class Failure(Exception):
    def __init__(self, *args):
        super().__init__(*args)
        self.more = object()


KINDS = [Failure, ValueError, KeyError, StopIteration, StopAsyncIteration, GeneratorExit,
         SystemExit, KeyboardInterrupt, MemoryError, RecursionError, Unusual, AttributeError]


def helper(kind):
    raise kind("message", 2)


def in_call(kind):
    def app(environ, start_response):
        helper(kind)

    return app


def in_next(kind):
    class Body:
        def __init__(self):
            self.blocks = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.blocks += 1
            if self.blocks > 1:
                helper(kind)
            return b"one"

    def app(environ, start_response):
        start_response(*OK)
        return Body()

    return app


def in_iter(kind):
    class Body:
        def __iter__(self):
            helper(kind)

    def app(environ, start_response):
        start_response(*OK)
        return Body()

    return app


def in_close(kind):
    class Body:
        def __iter__(self):
            return iter([b"one"])

        def close(self):
            helper(kind)

    def app(environ, start_response):
        start_response(*OK)
        return Body()

    return app


@pytest.mark.parametrize("where", [in_call, in_next, in_iter, in_close],
                         ids=lambda where: where.__name__)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_reaches_the_server_as_it_was(archive, where, kind):
    if where is in_next and kind is StopIteration:
        pytest.skip("that is how a body ends")
    plain, plain_names = failure(where(kind))
    exc, names = failure(archive.wrap(where(kind)))
    assert type(exc) is type(plain) is kind
    assert exc.args == plain.args == ("message", 2)
    assert exc.__cause__ is None and exc.__context__ is None
    # The very same frames: the middleware has none of its own.
    assert names == plain_names
    assert sys.getprofile() is None
    json = archive.one().json
    assert json["exception"] == "%s.%s" % (kind.__module__, kind.__qualname__)
    assert json["ended"] == ("exception" if where is in_call else
                             "closed")
    assert archive.one().calls()["helper"] == 1


def test_the_same_object_with_its_traceback(archive):
    made = Failure()

    def app(environ, start_response):
        raise made

    exc, names = failure(archive.wrap(app))
    assert exc is made
    assert names == ["failure", "serve", "app"]
    assert traceback.extract_tb(exc.__traceback__)[-1].name == "app"


def test_causes_and_contexts(archive):
    def app(environ, start_response):
        try:
            {}["key"]
        except KeyError as exc:
            raise ValueError("second") from exc

    exc, _ = failure(archive.wrap(app))
    assert type(exc.__cause__) is KeyError and exc.__cause__ is exc.__context__


def test_exception_being_handled_by_the_server(archive):
    """sys.exc_info() inside the application is the server's, as without us."""
    seen = []

    def app(environ, start_response):
        seen.append(sys.exc_info()[0])
        start_response(*OK)
        return []

    try:
        raise LookupError
    except LookupError:
        serve(archive.wrap(app))
    assert seen == [LookupError]


def test_view_runs_once(archive):
    runs = []

    def app(environ, start_response):
        runs.append(1)
        raise Failure

    failure(archive.wrap(app))
    assert runs == [1]


def test_generator_application_that_raises(archive):
    def app(environ, start_response):
        start_response(*OK)
        yield b"one"
        raise Failure

    exc, names = failure(archive.wrap(app))
    assert type(exc) is Failure
    assert names == ["failure", "serve", "app"]
    json = archive.one().json
    assert (json["status"], json["bytes_sent"]) == ("200 OK", 3)
    assert json["exception"].endswith("Failure")


def test_start_response_again_with_exc_info(archive):
    def app(environ, start_response):
        start_response("200 OK", [("A", "1")])
        try:
            raise Failure
        except Failure:
            start_response("500 Oh", [("B", "2")], sys.exc_info())
        return [b"oh"]

    response = serve(archive.wrap(app))
    assert response.seen() == ("500 Oh", [("B", "2")], b"oh")
    json = archive.one().json
    assert json["status"] == "500 Oh"
    assert json["exception"] is None  # none escaped


def test_start_response_reraises_when_headers_are_out(archive):
    def app(environ, start_response):
        write = start_response("200 OK", [])
        write(b"begun")
        try:
            helper(Failure)
        except Failure:
            start_response("500 Oh", [], sys.exc_info())
        raise AssertionError("not reached")

    exc, names = failure(archive.wrap(app))
    assert type(exc) is Failure
    # The traceback is the original one, from where it was raised first.
    assert names[-1] == "helper"
    json = archive.one().json
    assert json["status"] == "200 OK"  # what went out
    assert json["exception"].endswith("Failure")


def test_start_response_that_raises(archive):
    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    def start_response(status, headers):
        raise OSError("client is gone")

    with pytest.raises(OSError, match="client is gone"):
        archive.wrap(app)(environ_for(), start_response)
    assert archive.one().json["exception"] == "builtins.OSError"


def test_exception_in_next_then_close(archive):
    """The server closes after an error, and close() belongs to the profile."""
    closed = []

    class Body:
        def __iter__(self):
            yield b"one"
            raise Failure

        def close(self):
            closed.append(helper_of_close())

    def helper_of_close():
        return 1

    def app(environ, start_response):
        start_response(*OK)
        return Body()

    failure(archive.wrap(app))
    assert closed == [1]
    assert archive.one().calls()["helper_of_close"] == 1


def test_close_that_is_no_method(archive):
    class Body:
        close = 5

        def __iter__(self):
            return iter([b"x"])

    def app(environ, start_response):
        start_response(*OK)
        return Body()

    errors = [failure(wrapped)[0] for wrapped in (app, archive.wrap(app))]
    assert [type(e) for e in errors] == [TypeError, TypeError]
    assert str(errors[0]) == str(errors[1])


def test_close_that_cannot_be_looked_up(archive):
    class Body:
        @property
        def close(self):
            raise Failure("lookup")

        def __iter__(self):
            return iter([b"x"])

    def app(environ, start_response):
        start_response(*OK)
        return Body()

    exc, _ = failure(archive.wrap(app))
    assert type(exc) is Failure


def test_exception_with_hostile_names(archive):
    kind = type("Bad", (Exception,), {"__module__": 5})
    other = type("a\nb", (Exception,), {"__module__": "\udcff"})

    class Meta(type):
        def __getattribute__(cls, name):
            if name in ("__module__", "__qualname__"):
                raise RuntimeError("not telling")
            return super().__getattribute__(name)

    class Hidden(Exception, metaclass=Meta):
        pass

    for raised in (kind, other, Hidden):
        def app(environ, start_response):
            raise raised

        exc, _ = failure(archive.wrap(app))
        assert type(exc) is raised
    assert [s.json["exception"] for s in archive.snapshots()] == ["5.Bad", "?", "?"]


def test_application_deeper_than_the_limit(archive):
    def app(environ, start_response):
        return app(environ, start_response)

    exc, _ = failure(archive.wrap(app))
    assert type(exc) is RecursionError
    assert sys.getprofile() is None
    assert archive.one().calls()["app"] > 100
