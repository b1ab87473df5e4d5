import cProfile
import shutil

import pytest

from cli_work import Work
from test_diff import timed
from test_tag import git

SUBJECTS = ["Begin", "Add a line", "Load the lines one by one", "Keep them", "Cache them"]
CALLS = [10, 10, 25, 25, 8]


def one_call(n):
    return abs(n)


def calls_of(n):
    for number in range(n):
        one_call(number)


def profile_of_calls(n):
    profile = cProfile.Profile()
    profile.enable()
    calls_of(n)
    profile.disable()
    return profile


@pytest.fixture(scope="session")
def series(tmp_path_factory):
    """Five commits with two runs each of two requests; the second commit has no runs."""
    work = Work(tmp_path_factory.mktemp("series"))
    git(work.path, "init", "-q", ".")
    git(work.path, "symbolic-ref", "HEAD", "refs/heads/main")
    work.ids = []
    for i, (subject, calls) in enumerate(zip(SUBJECTS, CALLS)):
        git(work.path, "commit", "-q", "--allow-empty", "-m", subject,
            GIT_COMMITTER_DATE="2026-11-%02dT12:00:00+00:00" % (10 + i))
        work.ids.append(git(work.path, "rev-parse", "HEAD"))
        tag = {"commit": work.ids[-1], "branch": "main", "dirty": False}
        for run in range(2 if i != 1 else 0):
            for route, n in ("/user/{id}", calls + (run if i == 3 else 0)), ("/users", 5):
                for served in 0, 1:
                    name = "GET%s.00000%dms" % (route.replace("/", "."), served)
                    work.snapshot("run%d-%d" % (i, run), name, profile_of_calls(n), route=route, git=tag,
                                  served_before=served, python="3.11.7" if i else "3.10.1")
    return work


def rows(text):
    return [line for line in text.splitlines() if line[:7].strip() and line[:6] != "COMMIT"][1:]


def test_a_line_for_each_commit(series):
    lines = rows(series.ok("log", "GET /user/{id}").out)
    assert [line[:7] for line in lines] == [series.ids[i][:7] for i in (4, 3, 2, 0)]
    assert [line.rsplit("  ", 1)[1] for line in lines] == \
        ["Cache them", "Keep them", "Load the lines one by one", "Begin"]
    # calls_of, disable, and two for each call.
    assert " 18 " in lines[0] and "calls -65 %" in lines[0]
    assert " 52..54 " in lines[1] and "calls" not in lines[1]
    assert " 52 " in lines[2] and "not compared" in lines[2]
    assert " 22 " in lines[3] and " 2026-11-10 " in lines[3]


def test_json(series):
    log = series.ok("log", "--json", "GET /user/*", "builtins.abs", "-n", "2").json
    assert (log["request"], log["function"], log["shallow"]) == ("GET /user/{id}", "builtins.abs", False)
    newest, second = log["commits"]
    assert newest["commit"] == series.ids[4] and newest["date"].startswith("2026-11-14T")
    assert (newest["runs"], newest["request"]["calls_changed"]) == (2, -1)
    assert newest["function"]["calls"] == {"min": 8, "median": 8, "max": 8}
    assert newest["function"]["calls_changed"] == -1
    assert second["function"]["calls"] == {"min": 25, "median": 25, "max": 26}
    # The last one that is shown is compared with the one before it.
    assert second["evidence"] is not None and second["request"]["calls_changed"] == 0
    third = series.ok("log", "--json", "GET /user/{id}", "nowhere:f").json["commits"][2]
    assert third["function"] is None and "3.10" in third["not_compared"]


def test_stored_runs_are_the_same(series, tmp_path):
    work = Work(tmp_path / "copy")
    shutil.copytree(str(series.path), str(work.path))
    before = work.ok("log", "GET /user/{id}", "builtins.abs").out
    work.ok("store")
    assert work.ok("log", "GET /user/{id}", "builtins.abs").out == before
    shutil.rmtree(str(work.archive))
    assert work.ok("log", "GET /user/{id}", "builtins.abs").out == before
    git(work.path, "clone", "-q", "--depth", "2", "file://" + str(work.path), str(tmp_path / "shallow"))
    shallow = Work(tmp_path / "shallow")
    assert "cprof fetch" in shallow.refused("log", "GET /user/{id}")
    shallow.ok("fetch")
    result = shallow.cprof("log", "GET /user/{id}")
    assert result.status == 0 and len(rows(result.out)) == 2
    assert "git fetch --unshallow" in result.err
    assert "git fetch --unshallow" in shallow.refused("log", "GET /nowhere")
    # A bare repository has no work tree, but a history.
    git(work.path, "clone", "-q", "--mirror", ".", str(tmp_path / "bare.git"))
    bare = Work(tmp_path / "bare.git")
    assert bare.ok("log", "GET /user/{id}").out == work.ok("log", "GET /user/{id}").out


def test_chart(series, tmp_path):
    for what in ["GET /user/{id}"], ["GET /user/{id}", "builtins.abs"]:
        file = tmp_path / "series.png"
        assert series.ok("log", "--png", file, *what).out == ""
        assert file.read_bytes().startswith(b"\x89PNG")


def test_labels(work, profiles):
    git(work.path, "init", "-q", ".")
    git(work.path, "commit", "-q", "--allow-empty", "-m", "Begin")
    tag = {"commit": git(work.path, "rev-parse", "HEAD")}
    for ordinal in 1, 2:
        work.snapshot("run", "GET.root.00000%dms" % ordinal, profiles[ordinal - 1], git=tag,
                      label="tests/test_user.py::test_show", ordinal=ordinal)
    for what, requests in ("tests/test_user.py::test_show", 2), ("tests/test_user.py::test_show#2", 1), \
            ("tests/*", 2):
        point, = work.ok("log", "--json", what).json["commits"]
        assert point["requests"] == requests


def test_time_is_proven_by_runs_that_took_turns(work):
    git(work.path, "init", "-q", ".")
    for side in "ab":
        git(work.path, "commit", "-q", "--allow-empty", "-m", side)
        tag = {"commit": git(work.path, "rev-parse", "HEAD")}
        for run in range(5):
            work.snapshot("%s%d" % (side, run), "GET.root.000010ms", timed((10 if side == "a" else 40) + run),
                          git=tag, start="2026-11-21T18:%02d:00+01:00" % (2 * run + "ab".index(side)))
    new = work.ok("log", "--json", "GET /", "work").json["commits"][0]
    assert new["evidence"] == "proven" and new["p"] < 0.01
    assert new["request"]["time_changed"] == new["function"]["time_changed"] == 1
    for run in range(5):
        manifest = work.archive / ("b%d" % run) / "GET.root.000010ms/snapshot.json"
        manifest.write_text(manifest.read_text().replace("T18:", "T19:"))
    new = work.ok("log", "--json", "GET /", "work").json["commits"][0]
    assert (new["evidence"], new["p"]) == ("beyond noise", None)
    assert (new["request"]["time_changed"], new["function"]["time_changed"]) == (1, 0)


def test_a_function_in_requests_of_one_test(work):
    """Calls by their range and the middle request, time by the mean of all."""
    git(work.path, "init", "-q", ".")
    git(work.path, "commit", "-q", "--allow-empty", "-m", "Begin")
    tag = {"commit": git(work.path, "rev-parse", "HEAD")}
    for ordinal, milliseconds in enumerate((1, 2, 9, 0), 1):
        profile = timed(milliseconds)
        if milliseconds == 0: # it is not called there
            del profile.stats["~", 0, "<built-in method work>"]
        work.snapshot("run", "GET.root.00000%dms" % ordinal, profile, git=tag, label="t::test", ordinal=ordinal)
    point, = work.ok("log", "--json", "t::test", "work").json["commits"]
    assert point["function"]["self_ns"] == 3000000
    assert point["function"]["calls"] == {"min": 0, "median": 4, "max": 4}
    point, = work.ok("log", "--json", "t::test#3", "work").json["commits"]
    assert point["function"]["self_ns"] == 9000000
    assert point["function"]["calls"] == {"min": 4, "median": 4, "max": 4}


def test_a_function_that_nothing_called(series):
    """A mistyped name would look like one that is never called."""
    result = series.cprof("log", "GET /users", "exec")
    assert result.status == 0
    assert "log: exec: none of these requests called such a function; names are whole" in result.err
    assert "function: exec" in result.out
    assert series.ok("log", "GET /users").err == ""


def test_what_is_refused(series, tmp_path_factory):
    assert "no commit of HEAD has runs of it" in series.refused("log", "GET /nowhere")
    line = series.refused("log", "GET /user*")
    assert "more than one request: GET /user/{id}, GET /users" in line
    assert "nowhere: no such revision" in series.refused("log", "--rev", "nowhere", "GET /users")
    lone = Work(tmp_path_factory.mktemp("lone"))
    environment = {"GIT_CEILING_DIRECTORIES": str(lone.path.parent)}
    assert "not in a git repository" in lone.refused("log", "GET /users", env=environment)
    git(lone.path, "init", "-q", ".")
    assert "no commit yet" in lone.refused("log", "GET /users")
    git(lone.path, "commit", "-q", "--allow-empty", "-m", "Begin")
    assert "'cprof tag' stamps" in lone.refused("log", "GET /users")
