"""X, what a command works on: paths, names in the archive, routes, standard input."""
import subprocess
import time

import pytest

from cli_work import CPROF, load, profile_of


@pytest.fixture
def archive(work):
    """An old run and a new one; in each request calls of abs() tell it from the others."""
    def add(run, path, wall_ms, calls, route=None, **members):
        work.snapshot(run, "%s%s.%06dms" % (members.get("method", "GET"), path.replace("/", "."), wall_ms),
                      profile_of(load, calls), route=route or path, wall_ms=wall_ms,
                      path=path, route_is_template=route is not None, **members)
    add("old", "/user/7", 900, 2, "/user/{id}", start="2026-11-20T10:00:00+01:00")
    add("old", "/gone", 5, 3, start="2026-11-20T10:00:01+01:00")
    for second, (user, wall_ms, calls) in enumerate([(1, 30, 11), (2, 10, 12), (3, 400, 13), (4, 20, 14)]):
        add("new", "/user/%d" % user, wall_ms, calls, "/user/{id}",
            start="2026-11-21T10:00:0%d+01:00" % second)
    add("new", "/user/5", 700, 15, "/user/{id}", method="POST", start="2026-11-21T11:00:00+01:00")
    add("new", "/about", 6, 16, start="2026-11-21T11:00:01+01:00")
    for at, run in enumerate(["old", "new"]): # newer, by its time of creation alone
        (work.archive / run / "run.json").write_text(
            '{"schema": 1, "created": "2026-11-2%dT09:00:00+01:00"}' % at)
    return work


def calls_of_abs(work, *args, **options):
    functions = work.ok("show", "--json", "-n0", *args, **options).json["functions"]
    return next(f["calls"] for f in functions if "abs" in f["name"])


@pytest.mark.parametrize("what, calls", [
    ("GET /user/{id}", 14),        # 10, 20, 30, 400 ms: of two in the middle the faster
    ("GET /user/*", 14),
    ("GET /us?r/*", 14),
    ("GET /user/<int:id>", 14),    # as Flask writes it
    ("/user/*", 11),               # with the POST of 700 ms
    ("POST /user/*", 15),
    ("P* *", 15),
    ("/user/3", 13),               # the path asked for
    ("GET /gone", 3),              # only the older run has it
])
def test_route(archive, what, calls):
    assert calls_of_abs(archive, what) == calls


def test_slowest(archive):
    assert calls_of_abs(archive, "--slowest", "GET /user/*") == 13
    assert calls_of_abs(archive, "--slowest", "new") == 15
    assert calls_of_abs(archive, "--slowest", "profiling") == 2
    assert archive.refused("show", "--slowest", "--all", "new") == \
        "cprof: --slowest and --all exclude each other"
    assert archive.refused("show", "--slowest", "GET.about.000006ms") == \
        "cprof: --slowest chooses among requests, and GET.about.000006ms is a snapshot"


def test_all(archive):
    assert calls_of_abs(archive, "--all", "GET /user/*") == 11 + 12 + 13 + 14
    assert calls_of_abs(archive, "--all", "POST /user/5") == 15
    assert archive.ok("show", "--all", "GET /user/*").out.startswith(
        "GET /user/*  4 requests  profiling/new\n")
    assert archive.refused("export", "--to", "csv", "--all", "GET /user/*") == (
        "cprof: export: of GET /user/* there are 4 requests, and export takes one snapshot; leave out --all")


def test_ls_of_a_route(archive):
    runs = archive.ok("ls", "--json", "GET /user/*").json["runs"]
    assert [run["name"] for run in runs] == ["new"]
    assert [s["wall_ns"] // 1000000 for s in runs[0]["snapshots"]] == [30, 10, 400, 20]
    assert archive.ok("ls", "GET /gone").out.startswith("old  1 snapshot ")
    assert "'GET /user/{id}'" in archive.refused("ls", "GET /usr")


def test_all_are_drawn(archive):
    drawn = archive.ok("render", "--all", "GET /user/*").out.splitlines()
    assert drawn == ["profiling/new/GET.user.%d.%06dms/dot.png" % of
                     for of in [(1, 30), (2, 10), (3, 400), (4, 20)]]
    assert archive.ok("render", "GET /user/*").out == drawn[3] + "\n"


def test_a_path_comes_first(archive):
    folder = archive.path / "GET "
    folder.mkdir()
    profile_of(load, 99).dump_stats(str(folder / "user"))
    assert calls_of_abs(archive, "GET /user") == 99
    assert calls_of_abs(archive, str(folder / "user")) == 99


@pytest.mark.parametrize("what, said", [
    ("GET /usr/{id}", "cprof: GET /usr/{id}: no such request in profiling; did you mean 'GET /user/{id}'?"),
    ("PUT /*", "cprof: PUT /*: no such file, and no such request in profiling; its newest run has "
               "'GET /user/{id}', 'POST /user/{id}', 'GET /about'"),
    ("/nowhere.prof", "cprof: /nowhere.prof: no such file, and no such request in profiling; its "
                      "newest run has 'GET /user/{id}', 'POST /user/{id}', 'GET /about'"),
    ("GET.abuot.000006ms", "cprof: GET.abuot.000006ms: no such snapshot, run or file; did you mean "
                           "GET.about.000006ms?"),
    ("GET.about", "cprof: GET.about: no such snapshot, run or file; did you mean GET.about.000006ms?"),
    ("ne", "cprof: ne: no such snapshot, run or file; did you mean new?"),
    ("GET /\x1b[2J", "cprof: GET /\\x1b[2J: no such file, and no such request in profiling; its newest "
                     "run has 'GET /user/{id}', 'POST /user/{id}', 'GET /about'"),
])
def test_the_way_out(archive, what, said):
    assert archive.refused("show", what) == said


def test_nearest_file(archive):
    profile_of(load, 3).dump_stats(str(archive.path / "shop.prof"))
    assert archive.refused("show", "shpo.prof").endswith("did you mean shop.prof?")
    assert archive.refused("show", str(archive.path / "shop.pro")).endswith(
        "did you mean %s/shop.prof?" % archive.path)


def test_no_archive(work):
    assert work.refused("show", "GET /") == \
        "cprof: GET /: no such file, and no request at all in profiling"


def test_standard_input(archive):
    path = archive.archive / "new" / "GET.about.000006ms" / "profile.prof"
    with open(str(path), "rb") as stdin:
        done = subprocess.run([CPROF, "show", "-"], stdin=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=True)
    assert b"abs" in done.stdout and done.stderr == b""
    done = subprocess.run([CPROF, "show", "-"], input=b"nonsense", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(b"cprof: standard input: not a profile")
    done = subprocess.run(["bash", "-c", '"$0" show <(true)', CPROF], stderr=subprocess.PIPE, timeout=60)
    assert done.stderr.endswith(b"; a pipe is read as -, standard input\n")
    for args, out, err in [
            (["show", "-", "--tree"], "", "cprof: standard input: this profile has no call tree"),
            (["export", "-", "--to", "collapsed"], "", "cprof: standard input: there is no call tree"),
            (["export", "-", "--to", "callstack"], " %d    standard input\n" % time.localtime().tm_year, ""),
            (["render", "-", "-o", "-", "--format", "svg"], "<title>standard input</title>", "")]:
        with open(str(path), "rb") as stdin:
            done = subprocess.run([CPROF] + args, stdin=stdin, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=60)
        assert out in done.stdout.decode() and done.stderr.decode().startswith(err)
