"""The ways to put the middleware around an application, and what then counts once."""

import sys

import pytest
from ext_client import environ_for, serve

import cprof

OK = "200 OK", [("Content-Type", "text/plain")]


class Application:
    """As Flask is: calling it calls its wsgi_app."""

    def __call__(self, environ, start_response):
        return self.wsgi_app(environ, start_response)

    def wsgi_app(self, environ, start_response):
        start_response(*OK)
        return self.view(environ)

    def view(self, environ):
        return [("%(SCRIPT_NAME)s%(PATH_INFO)s from %(REMOTE_ADDR)s" % environ).encode()]


class Proxied:
    """As ProxyFix: what it does twice shows."""

    def __init__(self, app):
        self.app = app
        self.times = 0

    def __call__(self, environ, start_response):
        self.times += 1
        environ["REMOTE_ADDR"] = environ.pop("HTTP_X_FORWARDED_FOR", "again")
        return self.app(environ, start_response)


def stripping(app):
    """The same as a function: a prefix goes from the path to the script name."""

    def strip(environ, start_response):
        assert environ["PATH_INFO"].startswith("/api"), "stripped twice"
        environ["SCRIPT_NAME"] += "/api"
        environ["PATH_INFO"] = environ["PATH_INFO"][4:]
        return app(environ, start_response)

    return strip


@pytest.fixture(params=["on", "off"])
def switched(request, monkeypatch):
    """How many snapshots each request makes."""
    if request.param == "off":
        monkeypatch.setenv("CPROF_DISABLE", "1")
        return 0
    return 1


def test_the_object_itself(archive, switched):
    app = Application()
    app.wsgi_app = archive.wrap(app)
    assert serve(app, "/x").body == b"/x from 127.0.0.1"
    assert serve(app, "/y").body == b"/y from 127.0.0.1"
    assert len(archive.snapshots()) == 2 * switched
    for snapshot in archive.snapshots():
        assert snapshot.calls()["view"] == 1
        # The application's call came before the middleware's.
        assert "__call__" not in snapshot.calls()


def test_its_wsgi_app(archive, switched):
    app = Application()
    app.wsgi_app = archive.wrap(app.wsgi_app)
    assert serve(app, "/x").body == b"/x from 127.0.0.1"
    assert len(archive.snapshots()) == switched


def test_from_outside(archive, switched):
    app = archive.wrap(Application())
    assert serve(app, "/x").body == b"/x from 127.0.0.1"
    assert len(archive.snapshots()) == switched
    for snapshot in archive.snapshots():
        assert snapshot.calls()["__call__"] == 1


@pytest.mark.parametrize("proxy", [Proxied, lambda app: Proxied(app).__call__])
def test_outside_with_a_wrapper_added_later(archive, switched, proxy):
    inner = Application()
    app = archive.wrap(inner)
    inner.wsgi_app = proxy(inner.wsgi_app)
    body = serve(app, "/x", HTTP_X_FORWARDED_FOR="10.1.2.3").body
    assert body == b"/x from 10.1.2.3"
    assert len(archive.snapshots()) == switched


@pytest.mark.parametrize("again", [False, True])
def test_a_wrapper_around_the_middleware_is_applied_once(archive, switched, again):
    app = Application()
    app.wsgi_app = archive.wrap(app)
    app.wsgi_app = proxied = Proxied(app.wsgi_app)
    if again:
        app.wsgi_app = stripping(app.wsgi_app)
    path = "/api/x" if again else "/x"
    for n in (1, 2):
        body = serve(app, path, HTTP_X_FORWARDED_FOR="10.1.2.3").body
        assert body == path.encode() + b" from 10.1.2.3"
        assert proxied.times == n
    assert len(archive.snapshots()) == 2 * switched


def test_a_function_around_the_middleware_is_applied_once(archive, switched):
    app = Application()
    app.wsgi_app = archive.wrap(app)
    app.wsgi_app = stripping(app.wsgi_app)
    assert serve(app, "/api/x").body == b"/api/x from 127.0.0.1"
    assert len(archive.snapshots()) == switched


def test_wrappers_on_both_sides(archive, switched):
    app = Application()
    app.wsgi_app = stripping(app.wsgi_app)
    app.wsgi_app = archive.wrap(app)
    app.wsgi_app = Proxied(app.wsgi_app)
    body = serve(app, "/api/x", HTTP_X_FORWARDED_FOR="10.1.2.3").body
    assert body == b"/api/x from 10.1.2.3"
    assert len(archive.snapshots()) == switched


def test_installed_twice_inside(archive, switched):
    app = Application()
    app.wsgi_app = archive.wrap(app)
    app.wsgi_app = archive.wrap(app)
    assert serve(app, "/x").body == b"/x from 127.0.0.1"
    assert len(archive.snapshots()) == switched


def test_installed_twice_around_each_other(archive, switched):
    app = archive.wrap(archive.wrap(Application()))
    assert serve(app, "/x").body == b"/x from 127.0.0.1"
    assert len(archive.snapshots()) == switched


def test_installed_inside_and_outside(archive, switched):
    app = Application()
    app.wsgi_app = archive.wrap(app)
    assert serve(archive.wrap(app), "/x").body == b"/x from 127.0.0.1"
    assert len(archive.snapshots()) == switched


def test_installed_outside_and_inside(archive, switched):
    inner = Application()
    app = archive.wrap(inner)
    inner.wsgi_app = archive.wrap(inner.wsgi_app)
    assert serve(app, "/x").body == b"/x from 127.0.0.1"
    assert len(archive.snapshots()) == switched


def test_twice_with_a_stream(archive, switched):
    def stream(environ, start_response):
        start_response(*OK)
        yield b"one"
        yield b"two"

    assert serve(archive.wrap(archive.wrap(stream))).body == b"onetwo"
    assert len(archive.snapshots()) == switched


def test_wsgi_app_that_is_exchanged_later(archive, switched):
    app = Application()
    app.wsgi_app = archive.wrap(app)
    serve(app)

    def other(environ, start_response):
        start_response(*OK)
        return [b"other"]

    app.wsgi_app = other
    assert serve(app).body == b"other"
    assert len(archive.snapshots()) == switched


def test_wsgi_app_that_is_deleted_later(archive, switched):
    app = Application()
    middleware = app.wsgi_app = archive.wrap(app)
    del app.wsgi_app
    assert serve(middleware).body == b"/ from 127.0.0.1"
    assert serve(app).body == b"/ from 127.0.0.1"


def test_one_request_inside_another(archive):
    """As a test client in a view: two requests, two true profiles."""

    class Nesting(Application):
        def view(self, environ):
            if environ["PATH_INFO"] == "/outer":
                self.before()
                return [b"around " + serve(self, "/inner").body]
            return [self.inner()]

        def before(self):
            pass

        def inner(self):
            return b"inner"

    app = Nesting()
    app.wsgi_app = archive.wrap(app)
    assert serve(app, "/outer").body == b"around inner"
    calls = {s.json["path"]: s.calls() for s in archive.snapshots()}
    assert set(calls) == {"/outer", "/inner"}
    assert calls["/inner"]["inner"] == 1 and "before" not in calls["/inner"]
    assert calls["/inner"]["view"] == 1 and calls["/outer"]["view"] == 2
    assert calls["/outer"]["inner"] == 1
    assert sys.getprofile() is None


def test_same_environ_served_again_afterwards(archive):
    """A server may keep the dict."""
    app = archive.wrap(Application())
    environ = environ_for("/x")
    for _ in range(3):
        app(environ, lambda *a: None)
    assert len(archive.snapshots()) == 3


def test_environ_is_the_servers_own_dict(archive):
    seen = []

    def app(environ, start_response):
        seen.append(environ)
        environ["app.key"] = 1
        start_response(*OK)
        return []

    environ = environ_for()
    archive.wrap(app)(environ, lambda *a: None)
    assert seen[0] is environ and environ["app.key"] == 1


def test_not_callable():
    with pytest.raises(TypeError, match="WSGI callable, not int"):
        cprof.CProfMiddleware(5)


def test_not_initialised():
    """No way into the types ends in a crash."""

    class Sub(cprof.CProfMiddleware):
        def __init__(self):
            pass

    for middleware in (cprof.CProfMiddleware.__new__(cprof.CProfMiddleware), Sub()):
        with pytest.raises(RuntimeError):
            middleware(environ_for(), lambda *a: None)
        for ask in (repr, lambda mw: mw.directory, lambda mw: mw.counts):
            with pytest.raises(RuntimeError, match="__init__ was not called"):
                ask(middleware)
    with cprof.Profile.__new__(cprof.Profile) as profile:
        len("x")
    profile.create_stats()
    assert ("~", 0, "<built-in method builtins.len>") in profile.stats


def test_initialised_again(archive, tmp_path):
    app = Application()
    middleware = archive.wrap(app)
    with pytest.raises(ValueError):
        middleware.__init__(app, sample=2)
    assert archive.path in repr(middleware)
    assert serve(middleware, "/x").body == b"/x from 127.0.0.1"
    middleware.__init__(app, str(tmp_path / "other"))
    assert middleware.directory == str(tmp_path / "other")
    serve(middleware)
    assert len(archive.snapshots()) == 1


def test_subclass_and_attributes(archive):
    class Sub(cprof.CProfMiddleware):
        def __call__(self, environ, start_response):
            return super().__call__(environ, start_response)

    app = Application()
    middleware = Sub(app, directory=archive.path)
    assert middleware.app is app
    assert serve(middleware).body == b"/ from 127.0.0.1"
    assert middleware.counts["seen"] == 1
    assert cprof.flush()
    assert middleware.counts == {"seen": 1, "kept": 1, "dropped": 0}
