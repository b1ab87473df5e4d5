"""The middleware's arguments, and the environment that wins over them."""

import os
import random
import time

import pytest
from ext_archive import Archive
from ext_client import serve

import cprof


def app(environ, start_response):
    start_response("200 OK", [("X", "y")])
    return [b"body"]


def test_default_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    middleware = cprof.CProfMiddleware(app)
    # A server may change its directory later.
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    serve(middleware)
    assert middleware.directory == str(tmp_path / "profiling")
    assert Archive(tmp_path / "profiling").one()


def test_directory_as_a_path_object_and_nested(tmp_path):
    directory = tmp_path / "a" / "b" / "profiling"
    serve(cprof.CProfMiddleware(app, directory))
    assert Archive(directory).one()


def test_directory_of_odd_characters(tmp_path):
    directory = tmp_path / "odd é \udcff %s\n name"
    middleware = cprof.CProfMiddleware(app, str(directory))
    serve(middleware)
    assert middleware.directory == str(directory)
    assert Archive(directory).one()
    assert "CProfMiddleware" in repr(middleware)


def test_nothing_is_made_before_the_first_request(archive):
    archive.wrap(app)
    assert not os.path.exists(archive.path)


def test_existing_archive_gets_no_gitignore(archive):
    os.mkdir(archive.path)
    serve(archive.wrap(app))
    assert archive.one()
    assert not os.path.exists(os.path.join(archive.path, ".gitignore"))


def test_cprof_dir_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("CPROF_DIR", str(tmp_path / "env"))
    middleware = cprof.CProfMiddleware(app, directory=str(tmp_path / "argument"))
    serve(middleware)
    assert Archive(tmp_path / "env").one()
    assert not (tmp_path / "argument").exists()


def test_cprof_run_names_the_run(monkeypatch, archive):
    monkeypatch.setenv("CPROF_RUN", "push-42")
    serve(archive.wrap(app))
    assert archive.one().run == "push-42"
    assert archive.runs() == ["push-42"]


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "..", "/abs", "GET.root.000001ms"])
def test_cprof_run_that_would_leave_the_archive(monkeypatch, archive, tmp_path, name):
    monkeypatch.setenv("CPROF_RUN", name)
    middleware = archive.wrap(app)
    assert serve(middleware).body == b"body"
    assert cprof.flush(10)
    assert archive.snapshots() == []
    assert [entry for entry in os.listdir(str(tmp_path)) if entry != "profiling"] == []
    assert middleware.counts == {"seen": 1, "kept": 0, "dropped": 1}


@pytest.mark.parametrize("value, made", [("1", 0), ("yes", 0), ("0", 1), ("", 1)])
def test_cprof_disable(monkeypatch, archive, value, made):
    monkeypatch.setenv("CPROF_DISABLE", value)
    response = serve(archive.wrap(app))
    assert response.seen() == ("200 OK", [("X", "y")], b"body")
    assert len(archive.snapshots()) == made


def test_disabled_leaves_the_body_alone(monkeypatch, archive):
    monkeypatch.setenv("CPROF_DISABLE", "1")
    body = iter([b"x"])

    def app(environ, start_response):
        return body

    assert serve(archive.wrap(app)).result is body


@pytest.mark.parametrize("options, kept", [
    ({"routes": "/user/*"}, ["/user/1", "/user/1/x"]),
    ({"routes": ["/user/?", "/"]}, ["/", "/user/1"]),
    ({"routes": ("POST /user/*",)}, []),
    ({"routes": iter(["GET /user/*"])}, ["/user/1", "/user/1/x"]),
    ({"routes": []}, []),
    ({"routes": None}, ["/", "/static/x.css", "/user/1", "/user/1/x"]),
    ({"ignore": "/static/*"}, ["/", "/user/1", "/user/1/x"]),
    ({"ignore": ["/static/*", "/user/*"]}, ["/"]),
    ({"ignore": "*"}, []),
    ({"routes": "/user/*", "ignore": "*/x"}, ["/user/1"]),
    ({"sample": 0}, []),
    ({"sample": 1}, ["/", "/static/x.css", "/user/1", "/user/1/x"]),
])
def test_which_requests(archive, options, kept):
    middleware = archive.wrap(app, **options)
    for path in ("/", "/user/1", "/user/1/x", "/static/x.css"):
        assert serve(middleware, path).seen() == ("200 OK", [("X", "y")], b"body")
    assert sorted(s.json["path"] for s in archive.snapshots()) == kept
    assert middleware.counts["seen"] == 4


def test_sample_keeps_a_share(archive):
    middleware = archive.wrap(app, sample=0.5)
    state = random.getstate()
    for _ in range(200):
        serve(middleware)
    assert 60 < len(archive.snapshots()) < 140  # five standard deviations
    assert random.getstate() == state  # the application's numbers are its own


def test_slow_ms(archive):
    now = [0]

    def timed(environ, start_response):
        now[0] += int(environ["PATH_INFO"][1:]) * 1_000_000
        return app(environ, start_response)

    middleware = archive.wrap(timed, slow_ms=100, timer=lambda: now[0])
    for ms in (1, 99, 100, 101, 5000):
        serve(middleware, "/%d" % ms)
    assert sorted(s.json["path"] for s in archive.snapshots()) == ["/100", "/101", "/5000"]
    # Not kept is not dropped: nothing went wrong.
    assert cprof.flush(10)
    assert middleware.counts == {"seen": 5, "kept": 3, "dropped": 0}


@pytest.mark.parametrize("options, error", [
    ({"sample": -0.1}, ValueError), ({"sample": 1.1}, ValueError),
    ({"sample": float("nan")}, ValueError), ({"sample": "x"}, TypeError),
    ({"slow_ms": -1}, ValueError), ({"slow_ms": float("inf")}, ValueError),
    ({"quota_mb": -1}, ValueError), ({"quota_mb": None}, TypeError),
    ({"routes": 5}, TypeError), ({"routes": [5]}, TypeError), ({"ignore": [b"/x"]}, TypeError),
    ({"directory": 5.5}, TypeError), ({"directory": "a\0b"}, ValueError),
    ({"unknown": 1}, TypeError),
])
def test_arguments_that_make_no_sense(options, error):
    with pytest.raises(error):
        cprof.CProfMiddleware(app, **options)


def test_websocket_is_left_alone(archive):
    serve(archive.wrap(app), HTTP_UPGRADE="WebSocket", HTTP_CONNECTION="Upgrade")
    assert archive.snapshots() == []


def test_quota(archive):
    """The oldest go first; those of the last minute stay whatever the quota."""
    ballast = list(range(100))
    source = "\n".join("def f%d(): return %d\nf%d()" % (i, i, i) for i in ballast)
    code = compile(source, "ballast", "exec")

    def heavy(environ, start_response):
        exec(code, {})
        return app(environ, start_response)

    middleware = archive.wrap(heavy, quota_mb=0.2)
    for i in range(4):
        serve(middleware, "/old/%d" % i)
    old = archive.snapshots()
    assert len(old) == 4
    an_hour_ago = time.time() - 3600
    for snapshot in old:
        make_old(snapshot, an_hour_ago)
    for i in range(30):
        serve(middleware, "/new/%d" % i)
    left = [s.json["path"] for s in archive.snapshots()]
    assert [path for path in left if path.startswith("/old")] == []
    assert len([path for path in left if path.startswith("/new")]) == 30


def make_old(snapshot, when):
    """As if it had been written then."""
    path = os.path.join(snapshot.path, "snapshot.json")
    with open(path) as file:
        text = file.read()
    began = snapshot.json["start"]
    with open(path, "w") as file:
        file.write(text.replace(began, time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(when))
                                + began[19:]))
    for name in os.listdir(snapshot.path):
        os.utime(os.path.join(snapshot.path, name), (when, when))
    os.utime(snapshot.path, (when, when))


def test_two_middlewares_with_one_archive(archive):
    first, second = archive.wrap(app), archive.wrap(app)
    serve(first, "/1")
    serve(second, "/2")
    assert len(archive.snapshots()) == 2
    (process,) = archive.run_json()["processes"]
    assert process["seen"] == process["kept"] == 2


def test_flush_waits(archive):
    middleware = archive.wrap(app)
    for i in range(50):
        serve(middleware)
    assert middleware.flush() is True
    run = os.path.join(archive.path, archive.runs()[0])
    assert len([name for name in os.listdir(run) if name[0] == "G"]) == 50


def test_flush_arguments():
    assert cprof.flush() is True
    assert cprof.flush(None) is True
    assert cprof.flush(timeout=0) is True
    assert cprof.flush(-1) is True
    assert cprof.flush(0.5) is True
    with pytest.raises(TypeError):
        cprof.flush("x")
