"""Hostile methods and paths: each ends in one folder of the run, with a name that
no shell and no tool stumbles over."""

import os
import re

import pytest
from ext_client import environ_for, serve

SAFE = re.compile(r"[A-Za-z0-9_%][A-Za-z0-9_.~%{}-]*\Z")


def app(environ, start_response):
    start_response("200 OK", [])
    return []


def short(value):
    return ascii(value)[1:20]


def names(archive):
    """All the names in the run, hidden ones too."""
    (run,) = archive.runs()
    return sorted(name for name in os.listdir(os.path.join(archive.path, run))
                  if name not in ("run.json", ".lock"))


@pytest.mark.parametrize("path, route", [
    ("/", "root"),
    ("", "root"),
    ("/a/b", "a.b"),
    ("/a/b/", "a.b%2F"),
    ("/a//b", None),
    ("/..", None),
    ("/../../etc/passwd", None),
    ("/a/../b", None),
    ("/.hidden", None),
    ("/-rf", None),
    ("/~root", None),
    ("/{id}", "%7Bid%7D"),
    ("/{unmatched}", "%7Bunmatched%7D"),
    ("/a%00b", "a%2500b"),
    ("/a%0Ab", "a%0Ab"),
    ("/a b", "a%20b"),
    ("/$(touch x);`x`|x&x>x", None),
    ("/'\"\\*?[", None),
    ("/é", None),
    ("/%ff%fe", "%FF%FE"),
    ("/a.b", None),
    ("/con", "con"),
    ("/" + "long/" * 300, None),
    ("/" + "é" * 300, None),
    ("/" + "." * 300, None),
    ("/%", "%25"),
    ("/%2e%2e", None),
    ("relative", None),
], ids=short)
def test_paths(archive, path, route):
    middleware = archive.wrap(app)
    for _ in range(2):
        serve(middleware, path)
    snapshots = archive.snapshots()
    assert len(snapshots) == 2
    assert len(names(archive)) == 2  # nothing hidden is left, nothing lies elsewhere
    for snapshot in snapshots:
        assert SAFE.match(snapshot.name), snapshot.name
        assert ".." not in snapshot.name and len(snapshot.name) <= 210
        assert snapshot.json["route_is_template"] is False
    if route is not None:
        assert archive.names()[0] == "GET." + route


@pytest.mark.parametrize("method", [
    "GET", "get", "-rf", "~root", "..", ".", "", "../../x", "A/B", "a.b", "a\0b", "M" * 1000,
    "PROPFIND", "!#$%&'*+-.^_`|~", "Gé", "G€T", "{unmatched}",
], ids=short)
def test_methods(archive, method):
    serve(archive.wrap(app), "/x", method)
    snapshot = archive.one()
    assert SAFE.match(snapshot.name), snapshot.name
    assert ".." not in snapshot.name and len(snapshot.name) <= 210
    assert len(names(archive)) == 1


@pytest.mark.parametrize("template", [
    "/../../x", "../..", "", "/", "//", "/a/<", "/<int:", "{", "}", "{{}}", "/\0", "/\n", "~", "-",
    "/" + "<int:x>/" * 200, "(?P<", "^(((", "/é/<x>", "root", "/.git", "....", "\\", "{unmatched}",
], ids=short)
def test_templates(archive, template):
    serve(archive.wrap(app), "/x", **{"cprof.route": template})
    snapshot = archive.one()
    assert SAFE.match(snapshot.name), snapshot.name
    assert ".." not in snapshot.name and len(snapshot.name) <= 210
    assert len(names(archive)) == 1


def test_different_paths_have_different_names(archive):
    middleware = archive.wrap(app)
    paths = ["/a/b", "/a.b", "/a%2Fb", "/A/b", "/a-b", "/a_b", "/a%00b", "/root", "/", "/{a}",
             "/a b", "/a+b", "/long" * 80, "/long" * 80 + "r"]
    for path in paths:
        serve(middleware, path)
    found = archive.names()
    # A slash that was sent encoded is one to WSGI.
    assert len(set(found)) >= len(paths) - 2
    assert len({s.json["path"] for s in archive.snapshots()}) == len(paths) - 1


@pytest.mark.parametrize("key", ["REQUEST_METHOD", "PATH_INFO", "SCRIPT_NAME"])
@pytest.mark.parametrize("value", [None, 5, b"/x", "€", "\udcff", ...])
def test_environ_without_sense(archive, key, value):
    environ = environ_for("/x")
    if value is ...:
        del environ[key]
    else:
        environ[key] = value
    archive.wrap(app)(environ, lambda *a: None)
    assert SAFE.match(archive.one().name), archive.one().name


def test_utf8_in_a_path(archive):
    serve(archive.wrap(app), "/caf%C3%A9")
    assert archive.one().json["path"] == "/café"
    assert archive.names() == ["GET.caf%C3%A9"]


def test_path_that_is_no_utf8(archive):
    serve(archive.wrap(app), "/%ff")
    assert isinstance(archive.one().json["path"], str)
    archive.one().read("snapshot.json").decode("utf-8")


def test_thousand_seconds(archive):
    now = [0]

    def slow(environ, start_response):
        now[0] += 1234567 * 1_000_000
        start_response("200 OK", [])
        return []

    serve(archive.wrap(slow, timer=lambda: now[0]))
    assert archive.one().name == "GET.root.1234567ms"


def test_same_name_twice(archive):
    middleware = archive.wrap(app, timer=lambda: 0)
    for _ in range(5):
        serve(middleware)
    assert sorted(s.name for s in archive.snapshots()) == [
        "GET.root.000000ms" + suffix for suffix in ("", ".2", ".3", ".4", ".5")]
