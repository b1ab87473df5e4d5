"""Objects of the application live as long as they would without the middleware:
not longer, for closing files and finalisers depends on it."""

import gc
import os
import weakref

import pytest
from ext_client import environ_for, serve

CASES = []


def case(function):
    CASES.append(function)
    return function


class Thing:
    def __init__(self, died=None):
        self.died = died

    def __del__(self):
        if self.died is not None:
            self.died.append(1)


@case
def file_that_is_dropped(tmp_path):
    """Its buffer is written when nobody has it any more."""
    path = str(tmp_path / "out")
    file = open(path, "w")
    file.write("x" * 10)
    file.tell()
    del file
    return os.path.getsize(path)


@case
def file_whose_method_has_a_name(tmp_path):
    path = str(tmp_path / "out")
    file = open(path, "w")
    write = file.write
    write("x" * 10)
    del file, write
    return os.path.getsize(path)


@case
def owner_of_a_c_method(tmp_path):
    class List(list):
        pass

    things = List()
    things.append(1)
    dead = weakref.ref(things)
    del things
    return dead() is None


@case
def generator_dropped_after_send(tmp_path):
    closed = []

    def generate():
        try:
            while True:
                yield
        finally:
            closed.append(1)

    g = generate()
    next(g)
    g.send(1)
    del g
    return list(closed)


@case
def argument_that_is_deleted(tmp_path):
    died = []
    namespace = {}
    exec("def f(x, died):\n    del x\n    return list(died)\n", namespace)
    return [namespace["f"](Thing(died), died), list(died)]


@case
def exception_and_its_frames(tmp_path):
    died = []

    def fail():
        thing = Thing(died)
        raise ValueError(thing.died is None)

    try:
        fail()
    except ValueError:
        pass
    return list(died)


@case
def executed_code(tmp_path):
    class Namespace(dict):
        pass

    names = Namespace()
    exec("def f(): return len('x')\nf()", names)
    dead = weakref.ref(names)
    del names
    gc.collect()
    return dead() is None


@pytest.mark.parametrize("work", CASES, ids=lambda work: work.__name__)
def test_lives_as_long_as_without(archive, tmp_path, work):
    answers = []

    def app(environ, start_response):
        answers.append(work(tmp_path))
        start_response("200 OK", [])
        return []

    serve(app)
    serve(archive.wrap(app))
    assert archive.one().calls()[work.__name__] == 1
    assert answers[0] == answers[1]


class Body:
    def __init__(self):
        self.blocks = iter([b"x"])

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.blocks)


class Environ(dict):
    pass


def test_nothing_of_a_request_is_left(archive):
    """After the request and without the garbage collector."""
    dead = {}

    def app(environ, start_response):
        namespace = {}
        exec("def f(): pass\nf()", namespace)
        body = Body()
        dead["code"] = weakref.ref(namespace["f"].__code__)
        dead["body"] = weakref.ref(body)
        namespace.clear()
        start_response("200 OK", [])
        return body

    middleware = archive.wrap(app)
    gc.collect()
    gc.disable()
    try:
        environ = Environ(environ_for())
        dead["environ"] = weakref.ref(environ)
        result = middleware(environ, lambda status, headers, exc_info=None: None)
        assert list(result) == [b"x"]
        result.close()
        del result, environ
        alive = [name for name, ref in dead.items() if ref() is not None]
    finally:
        gc.enable()
    assert alive == []


def test_a_body_nobody_closed(archive):
    body = Body()
    dead = weakref.ref(body)
    bodies = [body]
    del body

    def app(environ, start_response):
        start_response("200 OK", [])
        return bodies.pop()

    serve(archive.wrap(app), close=False)
    assert dead() is None
    assert archive.one().json["ended"] == "exhausted"


def test_exception_that_passed_through(archive):
    class Failure(Exception):
        pass

    dead = []

    def app(environ, start_response):
        failure = Failure()
        dead.append(weakref.ref(failure))
        try:
            raise failure
        finally:
            del failure

    middleware = archive.wrap(app)
    try:
        serve(middleware)
    except Failure:
        pass
    assert dead[0]() is None


def test_the_middleware_goes_with_its_application(archive):
    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    def make():
        class Application:
            def wsgi_app(self, environ, start_response):
                return app(environ, start_response)

            def __call__(self, environ, start_response):
                return self.wsgi_app(environ, start_response)

        application = Application()
        application.wsgi_app = archive.wrap(application)
        serve(application)
        return weakref.ref(application), weakref.ref(application.wsgi_app)

    dead = make()
    gc.collect()
    assert [ref() for ref in dead] == [None, None]
