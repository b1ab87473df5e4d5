"""merge, export, import and verify: what they promise a user; that they are right, the
peers say (tests/integration/peers)."""
import csv
import io
import json
import marshal
import os
import pstats
import re

import pytest

from cli_work import load, obey_permissions, profile_of, validate

RUN = "GET.root.000005ms"
COLLAPSED = "main (app.py:1) 3\nmain (app.py:1);load (app.py:9) 4\n"


@pytest.fixture
def archive(work, profiles):
    work.snapshot("old", RUN, profiles[0])
    work.snapshot("old", "GET.item.{id}.000005ms", profiles[1], route="/item/{id}")
    work.snapshot("new", RUN, profiles[1])
    return work


def stats_of(path):
    return pstats.Stats(str(path)).stats


# --- merge

def test_merge_adds_all_kinds_of_operands(archive):
    assert archive.ok("merge", "old/" + RUN, "new/" + RUN, "-o", "two.prof").out == "two.prof\n"
    assert archive.ok("merge", "old", "new", "-o", "three.prof").out == "three.prof\n"
    archive.ok("merge", "profiling", "-o", "archive.prof")
    archive.ok("merge", "GET /", "-o", "route.prof")
    archive.ok("merge", "three.prof", "-o", "again.prof")
    calls = {name: pstats.Stats(str(archive.path / (name + ".prof"))).total_calls
             for name in ("two", "three", "archive", "route", "again")}
    assert calls["three"] == calls["archive"] == calls["again"] > calls["two"] > calls["route"]


def test_merge_by_route(archive):
    out = archive.ok("merge", "profiling", "--by-route", "-o", "sums").out
    assert out == "sums/GET.item.{id}.prof\nsums/GET.root.prof\n"
    root = stats_of(archive.path / "sums/GET.root.prof")
    item = stats_of(archive.path / "sums/GET.item.{id}.prof")
    everything = [archive.archive / run / RUN / "profile.prof" for run in ("old", "new")]
    assert root == pstats.Stats(*map(str, everything)).stats
    assert item == stats_of(archive.archive / "old/GET.item.{id}.000005ms/profile.prof")


def test_merge_says_what_it_wants(archive):
    assert "--output" in archive.refused("merge", "old")
    assert "--by-route" in archive.refused(
        "merge", "profiling/old/" + RUN + "/profile.prof", "--by-route", "-o", "sums")
    assert "folder" in archive.refused("merge", "old", "--by-route", "-o", "-")
    (archive.path / "sampled.txt").write_text(COLLAPSED)
    said = archive.refused("merge", "old", "sampled.txt", "-o", "all.prof")
    assert "sampled" in said and not (archive.path / "all.prof").exists()


def test_merge_writes_to_standard_output(archive):
    out = archive.ok("merge", "old", "-o", "-")
    assert marshal.loads(out.out.encode("utf-8", "surrogateescape"))


# --- export

def test_export_of_a_snapshot_is_its_own_files(served):
    work, first, _ = served
    snapshot = next((work.archive / first).glob("GET.item.*"))
    what = "profiling/%s/%s" % (first, snapshot.name)
    for to, name in [("callgrind", "profile.kgrind"), ("prof", "profile.prof"),
                     ("pprof", "profile.pb.gz"), ("callstack", "callstack.txt")]:
        result = work.cprof("export", what, "--to", to)
        assert result.status == 0
        content = result.out.encode("utf-8", "surrogateescape")
        assert content == (snapshot / name).read_bytes(), to


def test_export_says_once_what_is_lost(archive):
    result = archive.cprof("export", "old/" + RUN, "--to", "csv")
    assert result.status == 0
    assert result.err == "cprof: csv does not hold: who called whom, the unit of values\n"
    assert archive.ok("export", "old/" + RUN, "--to", "json").err == ""


def test_export_makes_up_no_stacks(archive):
    for to in "pprof", "collapsed", "speedscope":
        said = archive.refused("export", "old/" + RUN, "--to", to)
        assert "no call tree" in said and RUN in said


def test_export_json(served):
    work, first, _ = served
    document = json.loads(work.ok("export", "GET /item/{id}", "--to", "json").out)
    validate("export", document)
    assert document["command"] == "GET /item/{id}"
    by_name = {f["qualname"]: f for f in document["functions"]}
    item = by_name["Shop.item"]
    assert item["calls"] == 8
    arcs = [arc for arc in document["arcs"] if document["functions"][arc["callee"]] == item]
    assert [document["functions"][arc["caller"]]["qualname"] for arc in arcs] == ["Shop.handle"]
    nodes = [node for node in document["tree"][1:]
             if document["functions"][node["function"]] == item]
    assert sum(node["calls"] for node in nodes) == 8


def test_export_csv(served):
    work, first, _ = served
    text = work.cprof("export", "GET /item/{id}", "--to", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["calls"] for row in rows if row["qualname"] == "Shop.item"] == ["8"]
    assert all(int(row["wall_self"]) <= int(row["wall_cum"]) for row in rows)


def test_export_by_the_name_of_the_output(archive):
    work = archive
    for name in ("x.kgrind", "x.json", "x.csv", "x.txt", "x.dot", "x.prof"):
        assert work.cprof("export", "old/" + RUN, "-o", name).status == 0
    assert (work.path / "x.kgrind").read_text().startswith("# callgrind format\n")
    assert (work.path / "x.dot").read_text().startswith("digraph {\n")
    assert stats_of(work.path / "x.prof")
    assert "--to" in work.refused("export", "old/" + RUN, "-o", "x.unknown")
    assert "--to" in work.refused("export", "old/" + RUN)
    assert "--compat" in work.refused("export", "old/" + RUN, "--to", "csv", "--compat",
                                      "pyprof2calltree")


def test_export_takes_one(archive):
    assert "takes one snapshot" in archive.refused("export", "old", "--to", "json")
    assert "takes one snapshot" in archive.refused("export", "old", "--to", "callgrind",
                                                   "--compat", "pyprof2calltree")
    assert "no metric 'memory'; there is wall" in archive.refused("export", "old/" + RUN, "--to", "json",
                                            "--metric", "memory")


def test_collapsed_through_all_formats_with_stacks(work):
    (work.path / "a.txt").write_text(COLLAPSED)
    for name in "b.pb.gz", "c.speedscope.json", "d.collapsed.txt":
        before = sorted(os.listdir(str(work.path)))[-1]
        assert work.cprof("export", before, "-o", name).status == 0
    assert (work.path / "d.collapsed.txt").read_text() == COLLAPSED


def test_collapsed_difference(work):
    (work.path / "d.txt").write_text("a;b 1 5\na 7 0\n")
    assert work.ok("export", "d.txt", "--to", "collapsed").out == "a 7 0\na;b 1 5\n"


def test_collapsed_beside_a_base(work):
    """As difffolded.pl makes it of two files."""
    (work.path / "old.txt").write_text("a;b 1\na 7\nold 2\n")
    (work.path / "new.txt").write_text("a;b 5\nc;d 3\n")
    out = work.ok("export", "new.txt", "--base", "old.txt", "--to", "collapsed").out
    assert sorted(out.splitlines()) == ["a 7 0", "a;b 1 5", "c;d 0 3", "old 2 0"]
    assert "--base" in work.refused("export", "new.txt", "--base", "old.txt", "--to", "json")
    assert "nothing" in work.refused("export", "new.txt", "--base", "nothing", "--to", "collapsed")
    (work.path / "time.speedscope.json").write_text(
        '{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[]},'
        '"profiles":[{"unit":"seconds","samples":[],"weights":[]}]}')
    said = work.refused("export", "new.txt", "--base", "time.speedscope.json", "--to", "collapsed")
    assert "nanoseconds do not compare to count" in said


def test_nothing_as_collapsed_text(work):
    """Of an idle program's profile there is a file, and it can be read."""
    (work.path / "a.txt").write_text("main 0\n")
    for name in "b.pb.gz", "c.speedscope.json", "d.collapsed.txt":
        work.cprof("export", sorted(os.listdir(str(work.path)))[-1], "-o", name)
    assert (work.path / "d.collapsed.txt").read_text() == "# no stacks\n"
    work.ok("show", "d.collapsed.txt")


def test_what_a_reader_leaves_out_is_said(work):
    (work.path / "x.callgrind").write_text(
        "events: a b c d e f g h i\nfl=x.c\nfn=f\n1 1 2 3 4 5 6 7 8 9\n")
    result = work.cprof("export", "x.callgrind", "--to", "json")
    assert result.err == "cprof: x.callgrind: left out: all but the first 8 events\n"
    assert len(result.json["metrics"]) == 8
    for args, path in [(["show"], "x.callgrind"), (["render", "-o", "x.dot"], "x.dot"),
                       (["render", "-o", "x.png"], "x.png"),
                       (["import", "-o", "profiling/run/"], "x.callgrind")]:
        said = work.cprof(*args, "x.callgrind")
        assert said.status == 0
        assert said.err == "cprof: %s: left out: all but the first 8 events\n" % path


# --- import

def test_import_makes_a_snapshot(work):
    (work.path / "a.txt").write_text(COLLAPSED)
    out = work.ok("import", "a.txt", "-o", "profiling/before/").out
    assert out == "profiling/before/RUN.a.txt.000000ms\n"
    folder = work.path / out.strip()
    assert sorted(os.listdir(str(folder))) == ["profile.kgrind", "profile.pb.gz", "snapshot.json"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert json.loads((folder / "snapshot.json").read_text())["mode"] == "imported"
    assert "RUN /a.txt" in work.ok("ls", "before").out
    assert "app.py:9(load)" in work.ok("show", "RUN.a.txt.000000ms").out
    assert work.ok("verify", "before").out == "1 snapshot: all agree\n"
    work.ok("diff", out.strip(), out.strip())
    assert "is there already" in work.refused("import", "a.txt", "-o", out.strip())


def test_import_of_a_prof(work, profiles):
    profiles[0].dump_stats(str(work.path / "app.prof"))
    out = work.ok("import", "app.prof", "-o", "profiling/run/GET.user.{id}.000007ms").out
    folder = work.path / out.strip()
    assert sorted(os.listdir(str(folder))) == ["callstack.txt", "profile.kgrind", "profile.prof",
                                               "snapshot.json"]
    assert stats_of(folder / "profile.prof").keys() == stats_of(work.path / "app.prof").keys()
    assert work.cprof("show", "run/GET.user.{id}.000007ms").status == 0
    assert "already" in work.refused("import", "profiling/run", "-o", "x")
    assert "--output" in work.refused("import", "app.prof")


def test_import_leaves_nothing_half(work):
    (work.path / "bad.prof").write_bytes(b"{)\x03")
    work.refused("import", "bad.prof", "-o", "out/x")
    (work.path / "a.txt").write_text(COLLAPSED)
    (work.path / "file").write_text("")
    work.refused("import", "a.txt", "-o", "file/x")
    assert sorted(os.listdir(str(work.path))) == ["a.txt", "bad.prof", "file"]


# --- verify

def test_verify_agrees(served):
    work, first, second = served
    assert work.ok("verify").out == "12 snapshots: all agree\n"
    assert work.ok("verify", first).out == "6 snapshots: all agree\n"
    assert work.ok("verify", "GET /").out == "3 snapshots: all agree\n"


def tamper_prof(folder):
    stats = marshal.loads((folder / "profile.prof").read_bytes())
    key = next(key for key in stats if key[2] == "item")
    cc, nc, tt, ct, callers = stats[key]
    stats[key] = cc + 1, nc + 1, tt, ct, callers
    (folder / "profile.prof").write_bytes(marshal.dumps(stats))


def tamper_kgrind(folder):
    text = (folder / "profile.kgrind").read_text()
    text = re.sub(r"^(fn=.*\n\d+) \d+$", r"\1 123456", text, count=1, flags=re.M)
    (folder / "profile.kgrind").write_text(text)


def tamper_text(folder):
    text = (folder / "callstack.txt").read_text()
    (folder / "callstack.txt").write_text(text.replace("(item)", "(other)"))


def tamper_time(folder):
    manifest = json.loads((folder / "snapshot.json").read_text())
    manifest["wall_seconds"] = 0.0000001
    (folder / "snapshot.json").write_text(json.dumps(manifest))


def remove_tree(folder):
    (folder / "profile.pb.gz").unlink()


def cut_tree(folder):
    (folder / "profile.pb.gz").write_bytes((folder / "profile.pb.gz").read_bytes()[:-9])


@pytest.mark.parametrize("tamper,says", [
    (tamper_prof, "profile.prof: disagrees with profile.pb.gz: item "),
    (tamper_prof, "callstack.txt: is not what pstats prints"),
    (tamper_kgrind, "profile.kgrind: disagrees with profile.pb.gz: "),
    (tamper_text, "callstack.txt: is not what pstats prints"),
    (tamper_time, "snapshot.json: "),
    (remove_tree, "profile.pb.gz: is missing"),
    (cut_tree, "profile.pb.gz: truncated"),
])
def test_verify_sees(served, tamper, says):
    work, first, _ = served
    folder = next((work.archive / first).glob("GET.item.*"))
    tamper(folder)
    result = work.cprof("verify")
    assert result.status == 1 and result.err == "", result
    lines = result.out.splitlines()
    assert any(says in line for line in lines), result
    assert all(folder.name in line for line in lines[:-1]), result
    assert lines[-1] == "1 of 12 snapshots disagrees"


def test_verify_what_cannot_be_opened(served):
    work, first, _ = served
    folder = next((work.archive / first).glob("GET.item.*"))
    folder.chmod(0)
    result = work.cprof("verify", preexec_fn=obey_permissions)
    folder.chmod(0o700)
    assert (result.status, result.out) == (2, "11 snapshots: all agree\n"), result
    assert result.err == "cprof: profiling/first/%s: Permission denied; left out\n" % folder.name


def test_verify_a_file(work, profiles):
    profiles[0].dump_stats(str(work.path / "app.prof"))
    assert work.ok("verify", "app.prof").out == "1 file: all agree\n"
    key = ("a.py", 1, "f")
    (work.path / "odd.prof").write_bytes(marshal.dumps({key: (3, 2, 5.0, 1.0, {})}))
    result = work.cprof("verify", "odd.prof")
    assert result.status == 1
    assert result.out == ("odd.prof: f (a.py:1): primitive calls outnumber the calls\n"
                          "odd.prof: f (a.py:1): its own time is more than that with all it calls\n"
                          "1 of 1 file disagrees\n")
    work.refused("verify", "nothing.prof")


# --- a stranger's file

ESCAPE = "\x1b]0;owned\x07\x1b[31m\u009b31m\u202e"


def test_no_output_writes_to_a_terminal(work):
    (work.path / "evil.txt").write_text("main%s (a%s.py:1);x 3\n" % (ESCAPE, ESCAPE))
    for to in "collapsed", "speedscope", "json", "csv", "callgrind", "dot":
        out = work.cprof("export", "evil.txt", "--to", to).out
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out), to
    key = ("a%s.py" % ESCAPE, 1, "f%s" % ESCAPE)
    (work.path / "evil.prof").write_bytes(marshal.dumps({key: (1, 1, 5.0, 5.0, {key: (1, 1, 1.0, 1.0)})}))
    for args in (["--to", "callstack"], ["--to", "callgrind"],
                 ["--to", "callgrind", "--compat", "pyprof2calltree"]):
        out = work.cprof("export", "evil.prof", *args).out
        assert "f" in out and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out), args
    out = work.cprof("verify", "evil.prof").out
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", out)


def test_merge_of_many(work):
    """A hundred files, and what they add up to."""
    names = []
    for number in range(100):
        names.append("%d.prof" % number)
        profile_of(load, number % 7 + 1).dump_stats(str(work.path / names[-1]))
    work.ok("merge", *names, "-o", "all.prof")
    assert stats_of(work.path / "all.prof") == pstats.Stats(*[str(work.path / n) for n in names]).stats


def test_modes_are_those_of_other_files(work, profiles):
    profiles[0].dump_stats(str(work.path / "a.prof"))
    made = work.path / "a.json"
    old = os.umask(0o027)
    try:
        work.cprof("export", "a.prof", "-o", made)
        assert made.stat().st_mode & 0o777 == 0o640
        made.chmod(0o604)
        work.cprof("export", "a.prof", "-o", made)
        assert made.stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(old)
