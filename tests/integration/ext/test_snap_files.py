"""What lands in a snapshot, and that its files tell one story."""

import datetime
import io
import marshal
import os
import platform
import pstats
import shutil
import socket
import stat
import subprocess
import threading

import pytest
from ext_archive import FILES
from ext_client import serve
from workloads import WORKLOADS

import cprof


def busy(environ, start_response):
    """Every kind of call there is."""
    for work in WORKLOADS:
        work()
    start_response("200 OK", [("X-Secret-Header", "header-secret")])
    return iter([b"body-secret", b"more"])


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    from ext_archive import Archive

    archive = Archive(tmp_path_factory.mktemp("served") / "profiling")
    serve(archive.wrap(busy), "/some/path?query=query-secret", "POST",
          HTTP_COOKIE="cookie-secret", HTTP_AUTHORIZATION="auth-secret",
          HTTP_REFERER="http://referer-secret/", **{
              "wsgi.input": io.BytesIO(b"input-secret"), "CONTENT_LENGTH": "12"})
    return archive.one()


def test_files(snapshot):
    assert sorted(os.listdir(snapshot.path)) == FILES
    assert all(snapshot.read(name) for name in FILES)


def test_modes(snapshot):
    run = os.path.dirname(snapshot.path)
    for folder in (snapshot.path, run, os.path.dirname(run)):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700, folder
    for name in FILES:
        assert stat.S_IMODE(os.stat(os.path.join(snapshot.path, name)).st_mode) == 0o600, name


def test_nothing_else_in_the_archive(snapshot):
    run = os.path.dirname(snapshot.path)
    assert set(os.listdir(run)) - {".lock"} == {snapshot.name, "run.json"}
    archive = os.path.dirname(run)
    assert {name for name in os.listdir(archive) if name[0] != "."} == {snapshot.run}
    with open(os.path.join(archive, ".gitignore")) as file:
        assert file.read().split() == ["*"]


def test_names(snapshot):
    datetime.datetime.strptime(snapshot.run, "%Y-%m-%d_%H:%M:%S")
    milliseconds = round(snapshot.json["wall_seconds"] * 1000)
    assert snapshot.name == "POST.some.path.%06dms" % milliseconds


def test_snapshot_json(snapshot):
    json = snapshot.json
    assert json["schema"] == 1
    assert (json["method"], json["route"], json["path"]) == ("POST", "/some/path", "/some/path")
    assert json["route_is_template"] is False
    assert json["status"] == "200 OK"
    assert json["bytes_sent"] == len(b"body-secretmore")
    assert json["pid"] == os.getpid()
    if hasattr(threading, "get_native_id"):
        assert json["thread"] == threading.get_native_id()
    assert json["served_before"] == 0
    assert json["host"] == socket.gethostname()
    assert json["python"] == platform.python_version()
    assert json["implementation"] == "CPython"
    assert json["cprof"] == cprof.__version__
    assert json["mode"] == "exact"
    assert json["lost"] == json["folded"] == 0
    assert json["interrupted"] is False
    assert json["ended"] == "closed"
    assert json["exception"] is None
    assert "git" not in json
    start = json["start"]
    # RFC 3339 with nanoseconds, which datetime does not read.
    date, zone = start[:26], start[29:]
    assert len(start) == 35 and zone[0] in "+-" and zone[3] == ":"
    began = datetime.datetime.strptime(date + zone.replace(":", ""), "%Y-%m-%dT%H:%M:%S.%f%z")
    age = datetime.datetime.now(datetime.timezone.utc) - began
    assert datetime.timedelta(0) < age < datetime.timedelta(minutes=30)
    assert 0 < json["cpu_seconds"] < json["wall_seconds"] + 0.01
    calls = sum(row[1] for row in snapshot.stats.values())
    assert json["events"] == pytest.approx(2 * calls, abs=4)


def test_no_secret_is_stored(snapshot):
    import gzip

    contents = [snapshot.read(name) for name in FILES]
    contents.append(gzip.decompress(snapshot.read("profile.pb.gz")))
    contents.append(snapshot.path.encode())
    for content in contents:
        assert b"secret" not in content
        assert b"query" not in content


def test_pstats_reads_it(snapshot):
    stats = pstats.Stats(os.path.join(snapshot.path, "profile.prof"), stream=io.StringIO())
    assert stats.total_calls > stats.prim_calls > 500
    stats.sort_stats("cumulative").print_stats()
    stats.print_callers()
    stats.print_callees()


def test_profile_is_sound(snapshot):
    stats = snapshot.stats
    wall = snapshot.json["wall_seconds"]
    for cc, nc, tt, ct, callers in stats.values():
        assert 0 < cc <= nc
        assert 0 <= tt <= ct <= wall + 1e-6
        for caller, (arc_nc, arc_cc, arc_tt, arc_ct) in callers.items():
            assert caller in stats
            assert 0 < arc_cc <= arc_nc <= nc
            assert arc_tt <= tt + 1e-9 and arc_ct <= ct + 1e-9
    assert sum(row[2] for row in stats.values()) <= wall + 1e-6


def test_callstack_is_what_pstats_prints(snapshot):
    home = os.path.dirname(os.path.dirname(os.path.dirname(snapshot.path)))
    path = os.path.relpath(os.path.join(snapshot.path, "profile.prof"), home)
    out = io.StringIO()
    before = os.getcwd()
    os.chdir(home)
    try:
        pstats.Stats(path, stream=out).sort_stats("time", "name").print_stats()
    finally:
        os.chdir(before)
    assert snapshot.read("callstack.txt").decode("utf-8") == out.getvalue()


def kgrind_functions(text):
    """{(file, line, name): [self, self and outgoing calls]} in ns."""
    names = {"fl": {}, "fn": {}}
    functions = {}
    file = current = None
    call_line = False
    calls = set()

    def expand(kind, value):
        number, _, name = value.partition(" ")
        if name:
            names[kind][number] = name
        return names[kind][number]

    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key == "fl":
            file = expand("fl", value)
        elif equals and key == "fn":
            current = [file, expand("fn", value)]
        elif equals and key in ("cfl", "cfi"):
            expand("fl", value)
        elif equals and key == "cfn":
            calls.add(expand("fn", value))
        elif equals and key == "calls":
            call_line = True
        elif line[:1].isdigit():
            fields = [int(field) for field in line.split()]
            row = functions.setdefault(tuple(current), [0, 0])
            if not call_line:
                row[0] += fields[1]
            row[1] += fields[1]
            call_line = False
    return functions, calls


def test_kgrind_adds_up(snapshot):
    text = snapshot.read("profile.kgrind").decode("utf-8")
    functions, callees = kgrind_functions(text)
    header = dict(line.split(":", 1) for line in text.splitlines() if ": " in line[:30])
    assert header["positions"].strip() == "line"
    assert header["events"].split() == [header["event"].split()[0]]
    assert header["event"].split()[-1] == "Nanoseconds"
    total = sum(row[0] for row in functions.values())
    assert total == int(header["summary"]) == int(header["totals"])
    assert total == pytest.approx(sum(row[2] for row in snapshot.stats.values()) * 1e9, abs=1000)
    assert callees <= {name for _, name in functions}
    # By pstats' key: kgrind tells apart by qualified name what shares one.
    by_qualname = {}
    for f in snapshot.pprof.functions:
        by_qualname.setdefault((f.file, f.line, f.name), set()).add(f.qualname)
    checked = 0
    for (file, line, name), (_, _, tt, ct, _) in snapshot.stats.items():
        rows = [row for (fl, fn), row in functions.items()
                if fl == file and fn.split(":")[0] in by_qualname[file, line, name]]
        if len(by_qualname[file, line, name]) == 1 and len(rows) == 1:
            assert rows[0][0] == pytest.approx(tt * 1e9, abs=1000), name
            assert rows[0][1] == pytest.approx(ct * 1e9, abs=1000), name
            checked += 1
    assert checked > 50, checked
    assert checked > len(snapshot.stats) / 2


@pytest.mark.skipif(not shutil.which("callgrind_annotate"), reason="no callgrind_annotate")
def test_callgrind_annotate_has_no_complaint(snapshot, tmp_path):
    for options in ([], ["--inclusive=yes"], ["--tree=both"]):
        done = subprocess.run(
            ["callgrind_annotate", *options, os.path.join(snapshot.path, "profile.kgrind")],
            cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0 and done.stderr == b""
        assert b"fib" in done.stdout


def test_pprof_tells_the_same(snapshot):
    """Calls and self time of every function, by its key."""
    pprof = snapshot.pprof
    calls, self_ns = {}, {}
    for stack, values in pprof.samples:
        if stack:
            key = stack[-1].file, stack[-1].line, stack[-1].name
            calls[key] = calls.get(key, 0) + values[pprof.types[0]]
            self_ns[key] = self_ns.get(key, 0) + values["wall"]
    stats = snapshot.stats
    assert calls == {key: row[1] for key, row in stats.items()}
    for key, row in stats.items():
        assert self_ns[key] == pytest.approx(row[2] * 1e9, abs=2), key
    # What tracing cost was served, but is not the application's.
    own = snapshot.json["wall_seconds"] - snapshot.json["tracer_seconds"]
    assert abs(pprof.wall() - own * 1e9) < 10


def test_tree(archive):
    def leaf():
        pass

    def left():
        leaf()

    def right():
        leaf()
        leaf()

    def app(environ, start_response):
        left()
        right()
        start_response("200 OK", [])
        return []

    serve(archive.wrap(app))
    stacks = {";".join(name.split(".")[-1] for name in stack.split(";")): calls
              for stack, calls in archive.one().pprof.stacks().items()}
    assert stacks["app;left;leaf"] == 1
    assert stacks["app;right;leaf"] == 2
    assert "app;leaf" not in stacks


def test_prof_is_plain_marshal(snapshot):
    content = snapshot.read("profile.prof")
    assert marshal.loads(content)
    assert isinstance(marshal.loads(content), dict)


def test_second_request_counts_the_first(archive):
    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    middleware = archive.wrap(app)
    for _ in range(3):
        serve(middleware)
    assert [s.json["served_before"] for s in archive.snapshots()] == [0, 1, 2]
    run = archive.run_json()
    (process,) = run["processes"]
    assert process["pid"] == os.getpid()
    assert (process["seen"], process["kept"], process["dropped"]) == (3, 3, 0)


def test_deep_recursion(archive):
    import sys

    def down(n):
        return n and down(n - 1)

    def app(environ, start_response):
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(20000)
        try:
            down(5000)
        finally:
            sys.setrecursionlimit(limit)
        start_response("200 OK", [])
        return []

    serve(archive.wrap(app))
    snapshot = archive.one()
    assert snapshot.calls()["down"] == 5001
    assert sum(calls for name, calls in snapshot.pprof.calls().items()
               if name.endswith("down")) == 5001
    for name in FILES:
        assert len(snapshot.read(name)) < 20_000_000
