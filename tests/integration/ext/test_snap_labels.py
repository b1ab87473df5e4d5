"""Whose request it is: snapshot.json's label, and the ordinal in it."""

import contextvars
import itertools
import os
import threading

import pytest
from ext_client import environ_for, serve

import cprof
from cprof import _cprof


def app(environ, start_response):
    start_response("200 OK", [])
    return [b"body"]


names = ("label %d of the tests" % number for number in itertools.count())


@pytest.fixture
def name():
    """A label that no other test of this process has counted for."""
    return next(names)


def labels(archive):
    return [(snapshot.json.get("label"), snapshot.json.get("ordinal"))
            for snapshot in archive.snapshots()]


def test_nobody_said(archive):
    serve(archive.wrap(app))
    assert not {"label", "ordinal"} & set(archive.one().json)


def test_environ(archive, name):
    wrapped = archive.wrap(app)
    serve(wrapped, **{"cprof.label": name})
    serve(wrapped, **{"cprof.label": name})
    serve(wrapped, **{"cprof.label": name, "cprof.ordinal": 7})
    serve(wrapped, **{"cprof.label": name + "!"})
    serve(wrapped, **{"cprof.ordinal": 7})
    assert labels(archive) == [(name, 1), (name, 2), (name, 7), (name + "!", 1), (None, None)]


def test_context(archive, name):
    wrapped = archive.wrap(app)
    both = cprof.label(name)
    with both:
        serve(wrapped)
        with cprof.label(name + " inner"):
            serve(wrapped)
            serve(wrapped, **{"cprof.label": name + " sent"})
        with pytest.raises(ZeroDivisionError), both:
            1 / 0
        serve(wrapped)
    serve(wrapped)
    assert labels(archive) == [(name, 1), (name + " inner", 1), (name + " sent", 1), (name, 2),
                               (None, None)]
    with pytest.raises(TypeError):
        cprof.label(7)


def test_context_is_a_threads_own(archive, name):
    wrapped = archive.wrap(app)

    def in_thread(function, *args):
        thread = threading.Thread(target=function, args=args)
        thread.start()
        thread.join()

    with cprof.label(name):
        in_thread(contextvars.Context().run, serve, wrapped)
        in_thread(contextvars.copy_context().run, serve, wrapped)
    assert labels(archive) == [(None, None), (name, 1)]


def test_process(archive, name):
    """What a suite says: in any thread, but not in place of what the context says."""
    wrapped = archive.wrap(app)
    _cprof._set_label(name)
    try:
        thread = threading.Thread(target=contextvars.Context().run, args=(serve, wrapped))
        thread.start()
        thread.join()
        with cprof.label(name + " inner"):
            serve(wrapped)
    finally:
        _cprof._set_label(None)
    serve(wrapped)
    assert labels(archive) == [(name, 1), (name + " inner", 1), (None, None)]


def test_counted_once_in_a_request_of_two_middlewares(archive, name):
    class Framework:
        def wsgi_app(self, environ, start_response):
            return app(environ, start_response)

        def __call__(self, environ, start_response):
            return self.wsgi_app(environ, start_response)

    framework = Framework()
    framework.wsgi_app = archive.wrap(framework)
    outer = archive.wrap(framework)
    with cprof.label(name):
        serve(outer)
        serve(outer)
    assert labels(archive) == [(name, 1), (name, 2)]


class Odd(str):
    def __hash__(self):
        raise RuntimeError("hash")

    def __eq__(self, other):
        raise RuntimeError("eq")


@pytest.mark.parametrize("label, kept", [
    ("", None), (7, None), (b"bytes", None), ([], None), (None, None), (object(), None),
    ("a\0b", "a%00b"), ("\ud800 lone \udfff", "\\ud800 lone \\udfff"),
    ("\x1b[2J\n\u202e", "\x1b[2J\n\u202e"), ("\U0001f600" * 250, "\U0001f600" * 250),
    (Odd("odd"), "odd"),
])
def test_hostile_labels(archive, label, kept):
    response = serve(archive.wrap(app), **{"cprof.label": label})
    assert response.seen() == ("200 OK", [], b"body")
    found = archive.one().json
    assert found.get("label") == kept
    assert (found.get("ordinal") is None) == (kept is None)


def test_long_labels_stay_apart(archive, name):
    wrapped = archive.wrap(app)
    long = "é" * 100000 + name
    for label in (long, long, long + "!", long.encode("utf-8")[:1000].decode("utf-8")):
        serve(wrapped, **{"cprof.label": label})
    (one, first), (again, second), (other, _), (short, _) = labels(archive)
    assert (one, first, second) == (again, 1, 2) and one != other
    assert short == "é" * 500
    for cut in one, other:
        assert 990 < len(cut.encode("utf-8")) <= 1000
        assert cut.startswith("é" * 491 + "~")


@pytest.mark.parametrize("ordinal", [0, -1, 2**63, 2**200, 1.5, "2", True, None, []])
def test_hostile_ordinals(archive, name, ordinal):
    """As if none were given."""
    serve(archive.wrap(app), **{"cprof.label": name, "cprof.ordinal": ordinal})
    assert labels(archive) == [(name, 1)]


def test_labels_that_are_not_used_again_are_forgotten(archive, name):
    """And the one that is used all along is not."""
    wrapped = archive.wrap(app, slow_ms=1e6)
    environ = environ_for()

    def ask(label):
        environ["cprof.label"] = label
        wrapped(environ, lambda status, headers: None)

    for number in range(10000):
        if number % 2000 == 0:
            ask(name)
        ask("%s, %d" % (name, number))
    wrapped = archive.wrap(app)
    ask(name)
    ask(name + ", 9999")
    ask(name + ", 0")
    assert labels(archive) == [(name, 6), (name + ", 9999", 2), (name + ", 0", 1)]


def test_run_by_argument(archive, monkeypatch):
    serve(archive.wrap(app, run="one"))
    monkeypatch.setenv("CPROF_RUN", "two")
    serve(archive.wrap(app, run="one"))
    monkeypatch.delenv("CPROF_RUN")
    serve(archive.wrap(app, run=None))
    first, second, third = archive.snapshots()
    assert (first.run, second.run) == ("one", "two")
    assert third.run not in ("one", "two")
    for wrong in 7, "nul\0":
        with pytest.raises((TypeError, ValueError)):
            archive.wrap(app, run=wrong)


def test_the_run_of_a_suite(archive, monkeypatch, tmp_path):
    directory, run = _cprof._open_run(archive.path)
    assert directory == archive.path and archive.runs() == [run]
    folder = os.path.join(directory, run)
    _cprof._set_outcome(folder, True)
    assert archive.run_json()["outcome"] == "passed"
    serve(archive.wrap(app))
    assert archive.run_json()["outcome"] == "passed" and archive.one().run == run
    _cprof._set_outcome(folder, False)
    assert archive.run_json()["outcome"] == "failed"
    with pytest.raises(OSError):
        _cprof._set_outcome(str(tmp_path / "none"), True)
    monkeypatch.setenv("CPROF_RUN", "../up")
    with pytest.raises(OSError):
        _cprof._open_run(archive.path)
    monkeypatch.setenv("CPROF_RUN", "x")
    assert _cprof._open_run(archive.path) == (archive.path, "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        _cprof._open_run(str(tmp_path / "file"))


def test_a_request_that_nobody_closes_is_ended(archive):
    """Not while it runs, and its body goes on as it was."""
    kept = []

    def streams(environ, start_response):
        kept.append(environ["cprof.request"])
        start_response("200 OK", [])

        def body():
            kept[0]._finish()
            yield b"a"
            yield b"b"

        return body()

    body = iter(archive.wrap(streams)(environ_for(), lambda status, headers: None))
    assert next(body) == b"a"
    assert archive.snapshots() == []
    kept[0]._finish()
    assert archive.one().json["ended"] == "dropped"
    assert list(body) == [b"b"]
    kept[0]._finish()
    body.close()
    assert archive.one().calls()["body"] == 1
