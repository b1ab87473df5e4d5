import cProfile
import os

import pytest

from cli_work import load, profile_of

RUN = "GET.root.000005ms"


@pytest.fixture
def archive(work, profiles):
    for name, profile in zip(["old", "new"], profiles):
        work.snapshot(name, "GET.item.{id}.000005ms", profile, route="/item/{id}")
        work.snapshot(name, RUN, profiles[0], wall_ms=5 if name == "old" else 500)
    return work


def test_two_runs(archive):
    out = archive.ok("diff", "old", "new").out
    assert "\n1 route changed in calls: GET /item/{id} (+30: " in out
    assert "\n1 route the same in calls\n" in out
    changed, same = [line for line in out.splitlines() if line.startswith(("changed", "same"))]
    assert changed.split()[1:3] == ["GET", "/item/{id}"]
    # The other route took a hundred times as long, and nobody is blamed for it.
    assert same.split()[1:3] == ["GET", "/"] and "×100" in same
    functions = out[out.index("GET /item/{id}: "):]
    assert functions.startswith("GET /item/{id}: 1 function changed in calls\n")
    row = functions.splitlines()[-1].split()
    assert row[:4] == ["10", "40", "+30", "×4.00"] and "{built-in method builtins.abs}" in functions


def test_runs_as_json(archive):
    document = archive.ok("diff", "--json", "old", "new").json
    assert (document["schema"], document["kind"], document["different"]) == (1, "runs", True)
    changed, same = document["routes"]
    assert (changed["method"], changed["route"], changed["verdict"]) == ("GET", "/item/{id}", "changed")
    assert (changed["calls"]["delta"], changed["requests"]["ratio"]) == (30, 1)
    assert (same["route"], same["verdict"], same["functions"]) == ("/", "same", [])
    assert same["wall_ns"] == {"old": 5000000, "new": 500000000, "delta": 495000000, "ratio": 100}
    (function,) = changed["functions"]
    assert function["name"] == "<built-in method builtins.abs>" and function["verdict"] == "changed"
    assert function["calls"] == {"old": 10, "new": 40, "delta": 30, "ratio": 4}
    assert set(function["tottime"]) == set(function["cumtime"]) == {"old", "new", "delta", "ratio"}


def test_exit_code(archive):
    assert archive.cprof("diff", "--exit-code", "old", "new").status == 1
    assert archive.cprof("diff", "--exit-code", "old", "old").status == 0
    assert archive.cprof("diff", "--exit-code", "old/" + RUN, "new/" + RUN).status == 0
    one, other = ["%s/GET.item.{id}.000005ms" % run for run in ("old", "new")]
    assert archive.cprof("diff", "--exit-code", one, other).status == 1
    assert archive.cprof("diff", one, other).status == 0


def test_two_snapshots_and_two_files(archive):
    one, other = ["profiling/%s/GET.item.{id}.000005ms" % run for run in ("old", "new")]
    out = archive.ok("diff", one, other).out
    assert "1 function changed in calls\n" in out and "{built-in method builtins.abs}" in out
    by_file = archive.ok("diff", one + "/profile.prof", other + "/profile.prof").out
    assert by_file.splitlines()[-1] == out.splitlines()[-1]
    mixed = archive.ok("diff", one, other + "/profile.prof").out
    assert mixed.splitlines()[-1] == out.splitlines()[-1]
    document = archive.ok("diff", "--json", one, other).json
    assert document["kind"] == "profiles" and document["calls"]["delta"] == 30
    same = archive.ok("diff", one, one).out
    assert "The same calls in every function." in same


def test_sort_and_limit(archive):
    one, other = ["profiling/%s/GET.item.{id}.000005ms" % run for run in ("old", "new")]
    rows = archive.ok("diff", "--json", "--sort", "tottime", one, other).json["functions"]
    deltas = [abs(row["tottime"]["delta"]) for row in rows]
    assert deltas == sorted(deltas, reverse=True) and len(rows) > 1
    rows = archive.ok("diff", "--json", "--sort", "name", one, other).json["functions"]
    assert [row["qualname"] for row in rows] == sorted(row["qualname"] for row in rows)
    limited = archive.ok("diff", "--sort", "cumtime", "-n", 1, one, other).out
    assert limited.splitlines()[-1] == "(%d more: --limit 0)" % (len(rows) - 1)


def test_new_and_gone(work, profiles):
    work.snapshot("old", "GET.gone.000005ms", profiles[0], route="/gone")
    work.snapshot("new", "GET.new.000005ms", profiles[0], route="/new")
    result = work.cprof("diff", "--exit-code", "old", "new")
    assert result.status == 1
    assert "\n1 route new: GET /new\n1 route gone: GET /gone\n" in result.out
    verdicts = {r["route"]: r["verdict"] for r in work.ok("diff", "--json", "old", "new").json["routes"]}
    assert verdicts == {"/new": "new", "/gone": "gone"}


def renamed(name, line, folder):
    """A profile of a function of that name at that line of a file."""
    space = {}
    exec(compile("\n" * (line - 1) + "def %s(): len('x')" % name, folder + "/shop/app.py", "exec"), space)
    return profile_of(space[name])


def test_functions_match_wherever_they_stand(work):
    work.snapshot("old", RUN, renamed("f", 10, "/home/ann"))
    work.snapshot("moved", RUN, renamed("f", 77, "/home/ann"))
    work.snapshot("elsewhere", RUN, renamed("f", 10, "/builds/7"))
    work.snapshot("renamed", RUN, renamed("g", 10, "/home/ann"))
    for run in "moved", "elsewhere":
        assert work.cprof("diff", "--exit-code", "old", run).status == 0, run
    result = work.cprof("diff", "--exit-code", "old", "renamed")
    assert result.status == 1
    assert "1 route makes as many calls, but other ones: GET /" in result.out
    assert "1 new function, 1 gone\n" in result.out


def test_several_requests_to_a_route(work):
    for number, n in enumerate([900, 10, 10]): # the first on cold caches
        work.snapshot("old", "GET.root.00000%dms" % number, profile_of(load, n))
        work.snapshot("new", "GET.root.00000%dms" % number, profile_of(load, n + 1))
    (route,) = work.ok("diff", "--json", "old", "new").json["routes"]
    assert route["verdict"] == "changed" and route["calls"]["delta"] == 1
    assert route["requests"] == {"old": 3, "new": 3, "delta": 0, "ratio": 1}


def test_picture(archive):
    for pair in ["old", "new"], ["old/" + RUN, "new/" + RUN]:
        file = archive.path / "diff.png"
        result = archive.cprof("diff", "--png", file, *pair)
        assert result.status == 0, result
        assert file.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        file.unlink()
    assert archive.cprof("diff", "old", "new", "--png", "x.png").err == "cprof: x.png shows GET /item/{id}\n"
    assert archive.refused("diff", "old", "new", "--png", "-").startswith("cprof: diff: --png needs")
    result = archive.cprof("diff", "old", "new", "--png", "missing/x.png")
    assert result.status == 2 and result.err == "cprof: missing/x.png: No such file or directory\n"


def test_unlike_things(archive):
    assert archive.refused("diff", "old", "new/" + RUN) == (
        "cprof: diff: old is a run and new/%s is a snapshot; name two runs, or two snapshots "
        "or profile files" % RUN)
    file = "profiling/new/%s/profile.prof" % RUN
    assert " is a file; name two runs, or" in archive.refused("diff", "old", file)
    assert archive.refused("diff", "old", "profiling") == (
        "cprof: diff: profiling is an archive; name two of its runs ('cprof ls' lists them)")
    assert archive.refused("diff", "old", "missing").startswith("cprof: missing: no such")
    assert archive.refused("diff", "missing", "old").startswith("cprof: missing: no such")


def test_a_damaged_snapshot_is_left_out(archive):
    damaged = archive.archive / "new" / RUN / "profile.prof"
    damaged.write_bytes(damaged.read_bytes()[:40])
    result = archive.cprof("diff", "--exit-code", "old", "new")
    assert result.status == 2, result
    assert result.err == "cprof: profiling/new/%s/profile.prof: truncated at byte 40; left out\n" % RUN
    assert "GET /item/{id} (+30: " in result.out
    # Nothing is left: nothing to compare.
    other = archive.archive / "new" / "GET.item.{id}.000005ms" / "profile.prof"
    other.write_bytes(b"")
    result = archive.cprof("diff", "old", "new")
    assert result.status == 2 and result.out == ""
    assert result.err.splitlines()[-1] == "cprof: profiling/new: no snapshot in it can be read"


def test_an_empty_run(archive):
    (archive.archive / "empty").mkdir()
    (archive.archive / "empty" / "run.json").write_text('{"schema": 1}')
    assert "profiling/empty" in archive.refused("diff", "old", "empty")


def test_hostile_names(work):
    space = {}
    exec(compile("def f(): len('x')\ndef g(): f(); f()", "/x/\x1b]0;\u202e.py", "exec"), space)
    for run, name in ("old", "f"), ("new", "g"):
        work.snapshot(run, "GET.x.000005ms", profile_of(space[name]), route="/\x1b[2J")
    for args in [], ["--color=always"]:
        out = work.ok("diff", "old", "new", *args).out
        assert "\x1b[2J" not in out and "\x1b]" not in out and "\u202e" not in out


# --- what the middleware wrote

def test_served_runs(served):
    work, first, second = served
    result = work.cprof("diff", "--exit-code", first, second)
    assert result.status == 1, result
    assert "1 route changed in calls: GET /item/{id} (+" in result.out
    assert "1 route the same in calls" in result.out
