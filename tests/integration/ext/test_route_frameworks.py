"""The route's template, asked of the real frameworks."""

import pytest
from ext_client import environ_for, failure, serve

flask = pytest.importorskip("flask")


@pytest.fixture(params=["itself", "wsgi_app", "outside"])
def flask_app(request, archive):
    app = flask.Flask(__name__)

    @app.route("/")
    def root():
        return "root"

    @app.route("/user/<int:id>")
    def user(id):
        return "user %d" % id

    @app.route("/files/<path:name>", methods=["GET", "PUT"])
    def files(name):
        if name == "missing":
            flask.abort(404)
        return name

    @app.route("/error/<what>")
    def error(what):
        raise ValueError(what)

    @app.route("/slash/")
    def slash():
        return "slash"

    @app.route("/stream/<int:n>")
    def stream(n):
        return flask.Response(str(i) for i in range(n))

    @app.route("/chosen/<int:id>")
    def chosen(id):
        flask.request.environ["cprof.route"] = "/other/{id}"
        return "chosen"

    if request.param == "itself":
        app.wsgi_app = archive.wrap(app)
    elif request.param == "wsgi_app":
        app.wsgi_app = archive.wrap(app.wsgi_app)
    app.called = archive.wrap(app) if request.param == "outside" else app
    return app


@pytest.mark.parametrize("path, method, status, name", [
    ("/", "GET", "200 OK", "GET.root"),
    ("/", "HEAD", "200 OK", "HEAD.root"),
    ("/user/7", "GET", "200 OK", "GET.user.{id}"),
    ("/user/7", "OPTIONS", "200 OK", "OPTIONS.user.{id}"),
    ("/files/a/b", "PUT", "200 OK", "PUT.files.{name}"),
    ("/files/missing", "GET", "404 NOT FOUND", "GET.files.{name}"),
    ("/error/oh", "GET", "500 INTERNAL SERVER ERROR", "GET.error.{what}"),
    ("/nowhere", "GET", "404 NOT FOUND", "GET.{unmatched}"),
    ("/user/x", "GET", "404 NOT FOUND", "GET.{unmatched}"),
    ("/user/7", "POST", "405 METHOD NOT ALLOWED", "POST.{unmatched}"),
    ("/slash", "GET", "308 PERMANENT REDIRECT", "GET.slash"),
    ("/stream/3", "GET", "200 OK", "GET.stream.{n}"),
    ("/chosen/3", "GET", "200 OK", "GET.other.{id}"),
    ("/static/x.css", "GET", "404 NOT FOUND", "GET.static.{filename}"),
])
def test_flask(archive, flask_app, path, method, status, name):
    response = serve(flask_app.called, path, method)
    assert response.status == status
    json = archive.one().json
    assert archive.names() == [name]
    assert json["path"] == path
    assert json["status"] == status
    assert json["route_is_template"] is (name != "GET.slash")


@pytest.mark.parametrize("path, name", [
    ("/error/oh", "GET.error.{what}"), ("/error/oh?q=1", "GET.error.{what}")])
def test_flask_exception_that_passes_through(archive, flask_app, path, name):
    flask_app.config["PROPAGATE_EXCEPTIONS"] = True
    exc, names = failure(flask_app.called, path)
    assert type(exc) is ValueError and names[-1] == "error"
    assert archive.names() == [name]
    json = archive.one().json
    assert json["status"] is None
    assert json["exception"] == "builtins.ValueError"


def test_flask_routes_cost_the_profile_nothing(archive, flask_app):
    """Finding the template is our work: no function of it is in the profile."""
    serve(flask_app.called, "/user/7")
    assert "route_of" not in archive.one().calls()


def test_flask_behind_proxy_fix(archive, flask_app):
    from werkzeug.middleware.proxy_fix import ProxyFix

    @flask_app.route("/address")
    def address():
        return flask.request.remote_addr

    flask_app.wsgi_app = ProxyFix(flask_app.wsgi_app)
    response = serve(flask_app.called, "/address", HTTP_X_FORWARDED_FOR="10.9.8.7")
    assert response.body == b"10.9.8.7"
    assert archive.names() == ["GET.address"]


def test_flask_test_client_in_a_view(archive, flask_app):
    @flask_app.route("/outer")
    def outer():
        return flask_app.test_client().get("/user/5").data

    assert serve(flask_app.called, "/outer").body == b"user 5"
    names = {"GET.outer", "GET.user.{id}"}
    if flask_app.called is not flask_app:
        names = {"GET.outer"}  # the client does not come by the middleware outside
    assert set(archive.names()) == names


def test_flask_async_view(archive, flask_app):
    pytest.importorskip("asgiref")

    @flask_app.route("/async/<int:n>")
    async def view(n):
        return "async"

    assert serve(flask_app.called, "/async/1").body == b"async"
    assert archive.names() == ["GET.async.{n}"]


def test_werkzeug_dispatcher(archive):
    """A mounted application without routes is called by its path."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    def mounted(environ, start_response):
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/mnt", "/x")
        start_response("200 OK", [])
        return []

    serve(archive.wrap(DispatcherMiddleware(flask.Flask("x"), {"/mnt": mounted})), "/mnt/x")
    assert archive.names() == ["GET.mnt.x"]
    assert archive.one().json["path"] == "/mnt/x"


# --- Bottle


@pytest.fixture
def bottle_app():
    bottle = pytest.importorskip("bottle")
    app = bottle.Bottle()

    @app.route("/user/<id:int>")
    def user(id):
        return "user %d" % id

    @app.route("/re/<name:re:[a-z]+>")
    def named(name):
        return name

    @app.route("/error")
    def error():
        raise ValueError

    return app


@pytest.mark.parametrize("path, method, code, name", [
    ("/user/7", "GET", "200", "GET.user.{id}"),
    ("/re/abc", "GET", "200", "GET.re.{name}"),
    ("/error", "GET", "500", "GET.error"),
    ("/nowhere", "GET", "404", "GET.{unmatched}"),
    ("/user/7", "POST", "405", "POST.{unmatched}"),
])
def test_bottle(archive, bottle_app, path, method, code, name):
    assert serve(archive.wrap(bottle_app), path, method).status.startswith(code)
    assert archive.names() == [name]


# --- Pyramid


@pytest.fixture
def pyramid_app():
    pytest.importorskip("pyramid")
    from pyramid.config import Configurator
    from pyramid.response import Response

    def user(request):
        return Response("user " + request.matchdict["id"])

    def error(request):
        raise ValueError

    with Configurator() as config:
        config.add_route("user", r"/user/{id:\d+}")
        config.add_view(user, route_name="user")
        config.add_route("error", "error")
        config.add_view(error, route_name="error")
        config.add_route("rest", "/rest/*parts")
        config.add_view(lambda request: Response("rest"), route_name="rest")
        return config.make_wsgi_app()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path, code, name", [
    ("/user/7", "200", "GET.user.{id}"),
    ("/rest/a/b", "200", "GET.rest.{parts}"),
    ("/nowhere", "404", "GET.{unmatched}"),
])
def test_pyramid(archive, pyramid_app, path, code, name):
    assert serve(archive.wrap(pyramid_app), path).status.startswith(code)
    assert archive.names() == [name]


@pytest.mark.filterwarnings("ignore")
def test_pyramid_exception(archive, pyramid_app):
    exc, _ = failure(archive.wrap(pyramid_app), "/error")
    assert type(exc) is ValueError
    assert archive.names() == ["GET.error"]


# --- Django


@pytest.fixture(scope="module")
def django_app():
    django = pytest.importorskip("django")
    import types

    from django.conf import settings
    from django.http import Http404, HttpResponse, StreamingHttpResponse
    from django.urls import include, path, re_path

    def user(request, id):
        if id == 404:
            raise Http404
        return HttpResponse("user %d" % id)

    def error(request):
        raise ValueError

    def stream(request):
        return StreamingHttpResponse([b"a", b"b"])

    urls = types.ModuleType("django_urls_of_cprof")
    urls.urlpatterns = [
        path("", lambda request: HttpResponse("root")),
        path("user/<int:id>/", user),
        path("error", error),
        path("stream", stream),
        path("shop/", include([path("item/<slug:name>", lambda r, name: HttpResponse(name))])),
        re_path(r"^old/(?P<year>[0-9]{4})/$", lambda request, year: HttpResponse(year)),
    ]
    settings.configure(ROOT_URLCONF=urls, ALLOWED_HOSTS=["*"], SECRET_KEY="x",
                       LOGGING_CONFIG=None)
    django.setup()
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler()


@pytest.mark.parametrize("path, code, name", [
    ("/", "200", "GET.root"),
    ("/user/7/", "200", "GET.user.{id}%2F"),
    ("/user/404/", "404", "GET.user.{id}%2F"),
    ("/error", "500", "GET.error"),
    ("/stream", "200", "GET.stream"),
    ("/shop/item/hat", "200", "GET.shop.item.{name}"),
    ("/old/1999/", "200", "GET.old.{year}%2F"),
    ("/nowhere", "404", "GET.{unmatched}"),
])
def test_django(archive, django_app, path, code, name):
    response = serve(archive.wrap(django_app), path)
    assert response.status.startswith(code)
    assert archive.names() == [name]
    if path == "/stream":
        assert response.body == b"ab"


# --- what is not a framework's


class Rule:
    rule = 5


class Evil:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError("no %s" % name)


@pytest.mark.parametrize("key, value", [
    ("cprof.route", 5), ("cprof.route", None), ("cprof.route", b"/x"), ("cprof.route", "\udcff"),
    ("werkzeug.request", Evil()), ("bottle.route", Evil()), ("bottle.route", Rule()),
], ids=str)
def test_answers_that_are_no_template(archive, key, value):
    def app(environ, start_response):
        environ[key] = value
        start_response("200 OK", [])
        return []

    serve(archive.wrap(app), "/raw/path")
    assert archive.names() == ["GET.raw.path"]
    assert archive.one().json["route_is_template"] is False


def test_override_that_comes_after_the_response_started(archive):
    def app(environ, start_response):
        start_response("200 OK", [])
        environ["cprof.route"] = "/late/{id}"
        return []

    serve(archive.wrap(app), "/raw")
    assert archive.names() == ["GET.late.{id}"]


def test_override_in_the_servers_environ(archive):
    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    app = archive.wrap(app)
    app(environ_for("/raw", **{"cprof.route": "/by/<server>"}), lambda *a: None)
    assert archive.names() == ["GET.by.{server}"]
