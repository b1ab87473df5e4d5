"""An application answers the same with and without the middleware, in every mode:
status, headers, every block, and what its own code sees."""

import sys

import pytest
from ext_client import serve

flask = pytest.importorskip("flask")
MODES = ["exact", "fast", "app"]


def make():
    app = flask.Flask(__name__)
    app.secret_key = "x"

    @app.route("/text")
    def text():
        return "text é"

    @app.route("/json")
    def json():
        return flask.jsonify(a=[1, 2], b=None)

    @app.route("/stream")
    def stream():
        return flask.Response((str(i) * i for i in range(10)), mimetype="text/plain")

    @app.route("/context")
    def context():
        return flask.Response(flask.stream_with_context(
            flask.request.path for _ in range(3)))

    @app.route("/file")
    def file():
        return flask.send_file(__file__)

    @app.route("/range")
    def part():
        return flask.send_file(__file__, conditional=True)

    @app.route("/redirect")
    def redirect():
        return flask.redirect("/text")

    @app.route("/cookie")
    def cookie():
        flask.session["a"] = 1
        return "cookie"

    @app.route("/empty")
    def empty():
        return "", 204

    @app.route("/echo", methods=["POST", "PUT"])
    def echo():
        return flask.request.get_data()

    @app.route("/template")
    def template():
        return flask.render_template_string("{% for i in range(3) %}{{ i }}{% endfor %}")

    @app.route("/frames")
    def frames():
        names, frame = [], sys._getframe()
        while frame is not None and frame.f_code.co_name != "serve":
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        return " ".join(names)

    @app.route("/abort/<int:code>")
    def abort(code):
        flask.abort(code)

    @app.teardown_request
    def teardown(exc):
        app.torn_down = getattr(app, "torn_down", 0) + 1

    return app


REQUESTS = [("/text", {}), ("/json", {}), ("/stream", {}), ("/context", {}), ("/file", {}),
            ("/range", {"HTTP_RANGE": "bytes=5-20"}), ("/redirect", {}), ("/cookie", {}),
            ("/empty", {}), ("/template", {}), ("/frames", {}), ("/abort/404", {}),
            ("/abort/503", {}), ("/nowhere", {}), ("/static/none.css", {}),
            ("/text", {"method": "HEAD"}), ("/stream", {"method": "HEAD"}),
            ("/text", {"method": "OPTIONS"}), ("/text", {"method": "DELETE"}),
            ("/text", {"HTTP_IF_NONE_MATCH": '"x"'})]


def seen(response):
    status, headers, body = response.seen()
    # Signed by the second it was made in.
    return status, [h for h in headers if h[0] not in ("Set-Cookie", "Date")], body


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", ["itself", "outside"])
def test_flask(archive, mode, form):
    plain, wrapped = make(), make()
    called = archive.wrap(wrapped, mode=mode)
    if form == "itself":
        wrapped.wsgi_app, called = called, wrapped
    for path, extra in REQUESTS:
        assert seen(serve(called, path, **extra)) == seen(serve(plain, path, **extra)), path
        assert sys.getprofile() is None
    assert wrapped.torn_down == plain.torn_down >= len(REQUESTS)
    snapshots = archive.snapshots()
    assert len(snapshots) == len(REQUESTS)
    for snapshot in snapshots:
        assert snapshot.json["mode"] == mode
        assert snapshot.json["lost"] == 0
        assert snapshot.json["exception"] is None


@pytest.mark.parametrize("mode", MODES)
def test_posted_body(archive, mode):
    import io

    for body in (b"", b"x", b"\0\xff" * 50_000):
        extra = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        called = archive.wrap(make(), mode=mode)
        assert serve(called, "/echo", "POST", **extra).body == body


@pytest.mark.parametrize("mode", ["fast", "app"])
def test_python_calls_of_the_other_modes(archive, mode):
    """What they see is counted as exactly."""
    def work(n):
        return len(str(n))

    def app(environ, start_response):
        for i in range(7):
            work(i)
        start_response("200 OK", [])
        return []

    serve(archive.wrap(app, mode=mode))
    calls = archive.one().calls()
    assert calls["work"] == 7
    assert not [name for name in calls if name.startswith("<built-in")]
