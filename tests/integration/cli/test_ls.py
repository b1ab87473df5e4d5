import json

import pytest


@pytest.fixture
def archive(work, profiles):
    work.snapshot("2026-11-21_18:20:37", "GET.root.000738ms", profiles[0], wall_ms=738)
    work.snapshot("2026-11-21_18:20:37", "GET.user.{id}.002123ms", profiles[0],
                  route="/user/{id}", wall_ms=2123, start="2026-11-21T18:20:39+01:00",
                  git={"commit": "1a2b3c4d5e" * 4, "branch": "main", "dirty": True})
    work.snapshot("2026-11-21_18:25:01", "POST.login.000003ms", profiles[1], method="POST",
                  route="/login", status="500 Internal Server Error", wall_ms=3,
                  start="2026-11-21T18:25:02+01:00")
    return work


def test_newest_last(archive):
    lines = archive.ok("ls").out.splitlines()
    assert lines[0].startswith("2026-11-21_18:20:37  2 snapshots  1a2b3c4 main, dirty, 1 untagged")
    assert "GET.root.000738ms" in lines[1] and " 738 ms  200 " in lines[1]
    assert "GET.user.{id}.002123ms" in lines[2] and "GET /user/{id}" in lines[2]
    assert lines[3].startswith("2026-11-21_18:25:01  1 snapshot  untagged")
    assert "POST.login.000003ms" in lines[4] and "  500  " in lines[4]
    assert len(lines) == 5


def test_one_run_and_one_snapshot(archive):
    run = archive.ok("ls", "2026-11-21_18:20:37").out
    assert "POST" not in run and "SNAPSHOT" in run
    assert archive.ok("ls", "profiling/2026-11-21_18:20:37").out == run
    one = archive.ok("ls", "GET.root.000738ms").out
    assert "GET.root.000738ms" in one and "user" not in one
    assert archive.ok("ls", "2026-11-21_18:20:37/GET.root.000738ms").out == one


def test_runs_alone(archive):
    assert [line[:19] for line in archive.ok("ls", "--runs").out.splitlines()] == [
        "2026-11-21_18:20:37", "2026-11-21_18:25:01"]


def test_counts_of_run_json(archive):
    run = {"schema": 1, "processes": [
        {"pid": 1, "seen": 5, "kept": 2, "dropped": 1}, {"pid": 2, "seen": 7, "kept": 0, "dropped": 0}]}
    found = archive.ok("ls", "--json", "--runs").json["runs"][0]
    assert found["seen"] is None and found["processes"] is None
    (archive.archive / "2026-11-21_18:20:37" / "run.json").write_text(json.dumps(run))
    result = archive.cprof("ls", "--json", "--runs")
    if result.json["runs"][0]["seen"] is None:
        pytest.fail("run.json is not read: %r" % result)
    found = result.json["runs"][0]
    assert (found["seen"], found["kept"], found["dropped"]) == (12, 2, 1)
    assert "seen 12, kept 2, dropped 1" in archive.ok("ls", "--runs").out


def test_suite_that_failed(archive):
    path = archive.archive / "2026-11-21_18:20:37" / "run.json"
    for outcome, shown in ("failed", "failed"), ("passed", "passed"), ("great", None), (1, None):
        path.write_text(json.dumps({"outcome": outcome}))
        runs = archive.ok("ls", "--json", "--runs").json["runs"]
        assert [run["outcome"] for run in runs] == [shown, None]
        line = archive.ok("ls", "--runs").out.splitlines()[0]
        assert ("  failed  " in line) == (outcome == "failed")


def test_labels(archive, profiles):
    test = "tests/test_user.py::test_show[\x1b7]"
    assert "LABEL" not in archive.ok("ls", "2026-11-21_18:25:01").out
    folder = archive.snapshot("2026-11-21_18:25:01", "GET.user.{id}.000003ms", profiles[1], label=test,
                              ordinal=2, start="2026-11-21T18:26:02+01:00")
    out = archive.ok("ls", "2026-11-21_18:25:01").out.splitlines()
    assert "LABEL" in out[1] and out[3].endswith("  tests/test_user.py::test_show[\\x1b7] #2")
    found = archive.ok("ls", "--json", "2026-11-21_18:25:01").json["runs"][0]["snapshots"]
    assert [(one["label"], one["ordinal"]) for one in found] == [(None, None), (test, 2)]
    assert "tests/test_user.py::test_show[\\x1b7] #2" in archive.ok("show", folder).out.splitlines()[0]
    found = archive.ok("show", "--json", folder).json
    assert (found["label"], found["ordinal"]) == (test, 2)


def test_long_runs_are_cut(work, profiles):
    for number in range(13):
        work.snapshot("run", "GET.%d.000005ms" % number, profiles[0], route="/%d" % number,
                      start="2026-11-21T18:20:%02d+01:00" % number)
    lines = work.ok("ls").out.splitlines()
    assert lines[1] == "  3 earlier: cprof ls run"
    assert len(lines) == 12 and "GET.3.000005ms" in lines[2] and "GET.12.000005ms" in lines[-1]
    assert len(work.ok("ls", "--all").out.splitlines()) == 14
    assert len(work.ok("ls", "run").out.splitlines()) == 15 # and the heads


def test_picture_or_not(archive):
    folder = archive.archive / "2026-11-21_18:20:37" / "GET.root.000738ms"

    def picture():
        return archive.ok("ls", "--json", folder).json["runs"][0]["snapshots"][0]["picture"]

    assert picture() == "none"
    (folder / "dot.png").write_bytes(b"")
    import os
    os.utime(str(folder / "snapshot.json"), (1e9, 1e9))
    assert picture() == "current"
    os.utime(str(folder / "dot.png"), (9e8, 9e8))
    assert picture() == "old"
    assert "  old  " in archive.ok("ls").out


def test_json(archive):
    document = archive.ok("ls", "--json").json
    assert document["schema"] == 1
    first, second = document["runs"]
    assert [run["name"] for run in document["runs"]] == ["2026-11-21_18:20:37", "2026-11-21_18:25:01"]
    one, two = first["snapshots"]
    assert one["name"] == "GET.root.000738ms"
    assert one["path"].endswith("profiling/2026-11-21_18:20:37/GET.root.000738ms")
    assert (one["wall_ns"], one["commit"], one["dirty"]) == (738000000, None, None)
    assert (two["commit"], two["branch"], two["dirty"]) == ("1a2b3c4d5e" * 4, "main", True)
    assert two["method"] == "GET" and two["route"] == "/user/{id}" and two["problem"] is None
    assert second["snapshots"][0]["status"] == "500 Internal Server Error"


def test_where_the_archive_is(archive):
    expected = archive.ok("ls").out
    archive.archive.rename(archive.path / "elsewhere")
    assert "profiling" in archive.refused("ls")
    assert archive.ok("ls", "--dir", "elsewhere").out == expected
    assert archive.ok("ls", env={"CPROF_DIR": "elsewhere"}).out == expected
    assert archive.ok("ls", "--dir", "elsewhere", env={"CPROF_DIR": "no"}).out == expected
    assert archive.ok("ls", "elsewhere").out == expected


def test_hostile_names(work, profiles):
    work.snapshot("run", "GET.x.000005ms", profiles[0], route="/\x1b[2J\u202e\nx",
                  status="200 \x07", git={"commit": "ab\x1b[31m" + "c" * 40, "branch": "m\nain"})
    out = work.ok("ls").out
    assert "\x1b" not in out and "\u202e" not in out and "\x07" not in out
    assert len(out.splitlines()) == 2
    assert work.ok("ls", "--json").json["runs"][0]["snapshots"][0]["route"] == "/\x1b[2J\u202e\nx"


def test_damaged_manifest(archive):
    folder = archive.archive / "2026-11-21_18:20:37" / "GET.root.000738ms"
    for content in (None, b"", b"{", b"[]", b'{"schema": 1}'):
        if content is None:
            (folder / "snapshot.json").unlink()
        else:
            (folder / "snapshot.json").write_bytes(content)
        result = archive.cprof("ls")
        # The others are listed all the same, and it too.
        assert result.status == 2, (content, result)
        assert "GET.user.{id}.002123ms" in result.out and "GET.root.000738ms" in result.out
        assert len(result.err.splitlines()) == 1 and "snapshot.json" in result.err, result
        found = archive.cprof("ls", "--json").json["runs"][0]["snapshots"]
        assert [s["problem"] is None for s in found].count(False) == 1


def test_a_file_is_refused(archive):
    path = "profiling/2026-11-21_18:20:37/GET.root.000738ms/profile.prof"
    assert archive.refused("ls", path) == "cprof: ls: %s is a file; 'cprof show' prints it" % path
