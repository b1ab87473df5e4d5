import cProfile
import json
import marshal
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import zlib

import pytest

from cli_work import CPROF, Work, load, profile_of
from test_output import in_terminal
from test_tag import git

RUN = "GET.root.000005ms"


@pytest.fixture
def archive(work, profiles):
    for name, profile in zip(["old", "new"], profiles):
        work.snapshot(name, "GET.item.{id}.000005ms", profile, route="/item/{id}")
        work.snapshot(name, RUN, profiles[0], wall_ms=5 if name == "old" else 500)
    return work


def test_two_runs(archive):
    out = archive.ok("diff", "old", "new").out
    assert "\n1 request makes more calls: GET /item/{id} (+30 calls, " in out
    assert "\n1 request makes the same calls\n" in out
    assert "Of times the noise is unknown" in out
    more, same = [line for line in out.splitlines() if line.startswith(("more calls  ", "same  "))]
    assert more.split()[2:4] == ["GET", "/item/{id}"] and same.split()[1:3] == ["GET", "/"]
    told = out[out.index("\nGET /item/{id}: ") + 1:]
    assert told.startswith("GET /item/{id}: builtins.abs 10 → 40 calls, ")
    assert "  1 function changed in calls, 0 new, 0 gone.\n" in told
    (row,) = [line for line in told.splitlines() if "builtins.abs}" in line]
    assert row.split()[:4] == ["10", "40", "+30", "×4.00"]


def test_runs_as_json(archive):
    document = archive.ok("diff", "--json", "old", "new").json
    assert (document["kind"], document["different"], document["forced"]) == ("runs", True, None)
    more, same = document["requests"]
    assert (more["method"], more["route"], more["verdict"]) == ("GET", "/item/{id}", "more calls")
    assert (more["calls"]["delta"], more["requests"]["ratio"], more["evidence"]) == (30, 1, "unknown")
    assert more["calls"]["old_range"] == [more["calls"]["old"]] * 2
    assert (same["route"], same["verdict"], same["functions"], same["p"]) == ("/", "same", [], None)
    assert same["wall"]["ratio"] == 1
    function = more["functions"][0]
    assert function["name"] == "<built-in method builtins.abs>" and function["match"] == "same"
    assert {k: function["calls"][k] for k in ("old", "new", "delta", "ratio")} == \
        {"old": 10, "new": 40, "delta": 30, "ratio": 4}
    # More calls at the old cost of one, dearer ones for the rest.
    cost = function["self"]
    assert function["more_calls"] == pytest.approx(3 * cost["old"], abs=1)
    assert function["more_calls"] + function["dearer_calls"] == cost["delta"]


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
    assert "  1 function changed in calls, 0 new, 0 gone.\n" in out

    def row(text):
        (found,) = [line.split() for line in text.splitlines() if "builtins.abs}" in line]
        return found

    for pair in (one + "/profile.prof", other + "/profile.prof"), (one, other + "/profile.prof"):
        assert row(archive.ok("diff", *pair).out) == row(out)
    with open(archive.path / other / "profile.prof", "rb") as stdin:
        done = subprocess.run([CPROF, "diff", one, "-"], cwd=archive.path, stdin=stdin,
                              stdout=subprocess.PIPE, env={"LC_ALL": "C.UTF-8"}, check=True)
    assert "new  standard input\n" in done.stdout.decode() and row(done.stdout.decode()) == row(out)
    document = archive.ok("diff", "--json", one, other).json
    assert document["kind"] == "profiles" and document["requests"][0]["calls"]["delta"] == 30
    assert document["requests"][0]["typical"] == {"old": one, "new": other}
    assert "The same calls in every function." in archive.ok("diff", one, one).out


def test_standard_input_is_called_that(archive):
    """There is a file of it for a while, whose name is nobody's business."""
    profile = (archive.archive / "old" / RUN / "profile.prof").read_bytes()
    for given, said in (b"", "empty"), (b"nonsense", "not a profile"), (profile[:40], "truncated"):
        done = subprocess.run([CPROF, "diff", "-", "old/" + RUN], cwd=archive.path, input=given,
                              stderr=subprocess.PIPE)
        assert done.stderr.decode().startswith("cprof: standard input: " + said)
    done = subprocess.run([CPROF, "diff", "-", "old/" + RUN, "--json", "--png", "x.png"],
                          cwd=archive.path, input=profile, stdout=subprocess.PIPE, check=True)
    document = json.loads(done.stdout.decode())
    assert document["before"]["path"] == document["requests"][0]["typical"]["old"] == "-"


def test_sort_and_limit(archive):
    one, other = ["profiling/%s/GET.item.{id}.000005ms" % run for run in ("old", "new")]

    def rows(*args):
        return archive.ok("diff", "--json", *args, one, other).json["requests"][0]["functions"]

    by_self = rows("--sort", "tottime")
    deltas = [abs(row["self"]["delta"]) for row in by_self]
    assert deltas == sorted(deltas, reverse=True) and len(deltas) > 1
    assert rows("--sort", "calls")[0]["calls"]["delta"] == 30
    names = [row["name"] for row in rows("--sort", "name")]
    assert names == sorted(names) and len(names) == len(by_self)
    limited = archive.ok("diff", "--sort", "cumtime", "-n", 1, one, other).out
    assert limited.splitlines()[-1] == "(%d more: --limit 0)" % (len(names) - 1)


def test_new_and_gone(work, profiles):
    work.snapshot("old", "GET.gone.000005ms", profiles[0], route="/gone")
    work.snapshot("new", "GET.new.000005ms", profiles[0], route="/new")
    result = work.cprof("diff", "--exit-code", "old", "new")
    assert result.status == 1
    assert "\n1 request is new: GET /new\n1 request is gone: GET /gone\n" in result.out
    verdicts = {r["route"]: r["verdict"] for r in work.ok("diff", "--json", "old", "new").json["requests"]}
    assert verdicts == {"/new": "new", "/gone": "gone"}


def renamed(name, line, folder):
    """A profile of a function of that name at that line of a file."""
    space = {}
    exec(compile("\n" * (line - 1) + "def %s(): len('x')" % name, folder + "/shop/app.py", "exec"), space)
    return profile_of(space[name])


def test_functions_match_wherever_they_stand(work):
    work.snapshot("old", RUN, renamed("f", 10, "/srv/ann"))
    work.snapshot("moved", RUN, renamed("f", 77, "/srv/ann"))
    work.snapshot("elsewhere", RUN, renamed("f", 10, "/builds/7"))
    work.snapshot("renamed", RUN, renamed("g", 10, "/srv/ann"))
    for run in "moved", "elsewhere":
        assert work.cprof("diff", "--exit-code", "old", run).status == 0, run
    result = work.cprof("diff", "--exit-code", "old", "renamed")
    assert result.status == 1
    assert "1 request calls other functions: GET / (" in result.out
    assert "0 functions changed in calls, 1 new, 1 gone.\n" in result.out


def test_several_requests_to_a_route(work):
    # The first of a process, on cold caches, is left out; the others' counts are ranges.
    for number, n in enumerate([900, 10, 12]):
        for run, more in ("old", 0), ("over", 1), ("past", 3):
            work.snapshot(run, "GET.root.00000%dms" % number, profile_of(load, n + more),
                          start="2026-11-21T18:20:3%d.000000001+01:00" % number, served_before=number)
    for run, verdict, delta in ("over", "same", 1), ("past", "more calls", 3):
        (request,) = work.ok("diff", "--json", "old", run).json["requests"]
        assert request["verdict"] == verdict and request["calls"]["delta"] == delta
        assert request["requests"] == {"old": 2, "new": 2, "delta": 0, "ratio": 1}
        low, high = request["calls"]["old_range"]
        assert high - low == 2


def slow_runs(work, side, factor, nrequests=3, route="/"):
    """Five runs of requests that spend `factor` milliseconds in C each. Those of a, b and c took
    turns, d's came after them."""
    for run in range(5):
        minute = 3 * run + "abc".index(side) if side != "d" else 30 + run
        for number in range(nrequests):
            # Each run has a time of its own, as runs have.
            work.snapshot("%s%d" % (side, run), "GET.root.%06dms" % number,
                          timed(factor * (1 + run / 50)), served_before=number,
                          route=route.replace("N", str(number)),
                          start="2026-11-21T18:%02d:%02d.000000001+01:00" % (minute, number))
    return ",".join("%s%d" % (side, run) for run in range(5))


class timed: # noqa: N801, what work.snapshot dumps
    """A profile as cProfile would have dumped it, of times that are said."""

    def __init__(self, milliseconds):
        main, work = ("/srv/app.py", 1, "main"), ("~", 0, "<built-in method work>")
        cost = milliseconds / 1000
        self.stats = {main: (1, 1, 0.001, 0.001 + cost, {}), work: (4, 4, cost, cost, {main: (4, 4, cost, cost)})}

    def dump_stats(self, path):
        with open(path, "wb") as f:
            marshal.dump(self.stats, f)


def test_five_runs_prove_a_time(work):
    old, new, again = slow_runs(work, "a", 10), slow_runs(work, "b", 40), slow_runs(work, "c", 10)
    result = work.cprof("diff", "--exit-code", old, new)
    assert result.status == 1, result
    assert "old  5 runs  15 requests\n" in result.out
    assert "\n1 request is slower: GET / (+31.2 ms)\n" in result.out
    assert "GET /: work +31.2 ms by dearer calls\n" in result.out
    assert "proven, p 0.004 over 5 and 5 runs: +29.2 ms to +33.2 ms" in result.out
    (request,) = work.ok("diff", "--json", old, new).json["requests"]
    assert request["evidence"] == "proven" and request["p"] == pytest.approx(1 / 252)
    assert request["functions"][0]["interval"]["low"] == pytest.approx(29200000)
    assert work.cprof("diff", "--exit-code", old, again).status == 0
    # Fewer runs: their own spread is the floor.
    (few,) = work.ok("diff", "--json", "a0,a4", "b0,b1").json["requests"]
    assert (few["verdict"], few["evidence"], few["p"]) == ("slower?", "beyond noise", None)
    assert work.cprof("diff", "--exit-code", "a0,a4", "b0,b1").status == 0
    assert "only runs can be several" in work.refused("diff", "a0,a1/GET.root.000000ms", "b0")


def test_runs_that_took_no_turns_prove_nothing(work):
    old, new = slow_runs(work, "a", 10), slow_runs(work, "d", 40)
    result = work.cprof("diff", "--exit-code", old, new)
    assert result.status == 0, result
    assert "\n1 request is slower by more than the noise: GET / (+31.2 ms)\n" in result.out
    why = "No time is proven: the runs of the two sides did not take turns (old, new, old, new, ...)"
    out = " ".join(result.out.split())
    assert why in out
    assert "beyond the noise of runs of one commit, 7.5 %; not tested, as the runs took no turns" in out
    out = work.ok("diff", "--markdown", old, new).out
    assert "\n" + why in out and "; not tested, as the runs took no turns |\n" in out
    document = work.ok("diff", "--json", old, new).json
    assert document["took_turns"] is False and not document["different"]
    (request,) = document["requests"]
    assert (request["verdict"], request["evidence"], request["p"]) == ("slower?", "beyond noise", None)


def test_many_requests_find_some_by_chance(work):
    old, new = [slow_runs(work, side, factor, 10, "/rN") for side, factor in (("a", 10), ("b", 40))]
    out = work.ok("diff", old, new).out
    assert "\nEach of 10 requests was tested for itself at p < 0.01: of so many up to 0.2 may be " in out
    assert re.search("\nEverything is slower: 10 of 10 requests, the median one by ×3.*\n10 requests are slower: ", out)


def test_markdown(archive):
    out = archive.ok("diff", "--markdown", "old", "new").out
    assert out.startswith("### 1 of 2 requests changed\n\n- old: `old  2 requests`\n")
    assert "| more calls | `GET /item/{id}` | " in out
    assert "\n#### `GET /item/{id}`: `builtins.abs 10 → 40 calls, " in out
    assert archive.refused("diff", "--markdown", "--json", "old", "new").startswith("cprof: diff: --json and")


def test_markdown_fits_a_comment(work):
    for number in range(150):
        name, route = "GET.r%d.000005ms" % number, "/r%d/%s" % (number, "|`x" * 60)
        work.snapshot("old", name, profile_of(load, 10), route=route)
        work.snapshot("new", name, profile_of(load, 200 - number), route=route)
    out = work.ok("diff", "--markdown", "old", "new").out
    assert len(out.encode()) < 60000
    assert "130 more requests that changed are left out of the table.\n" in out
    assert out.splitlines()[-1].startswith("**") and "more requests changed and are left out here" in out
    # The worst first, and no name ends its cell.
    assert out.index("`GET /r0/") < out.index("`GET /r1/")
    row = [line for line in out.splitlines() if line.startswith("| more calls")][0]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


def test_unlike_pythons_and_modes(work):
    for run, member in ("old", {}), ("python", {"python": "3.12.1"}), ("mode", {"mode": "app"}):
        work.snapshot(run, RUN, profile_of(load, 10), **member)
    assert work.refused("diff", "old", "python") == \
        "cprof: diff: Python 3.11 is not comparable with 3.12; --force compares them all the same"
    assert "mode exact is not comparable with app" in work.refused("diff", "old", "mode")
    out = work.ok("diff", "--force", "old", "python").out
    assert "\nCompared by force: Python 3.11 is not comparable with 3.12.\n" in out


def test_unlike_machines(work):
    for run, host in ("old", "ann"), ("new", "bob"):
        work.snapshot(run, RUN, profile_of(load, 10), host=host)
    assert "\nThe sides ran on unlike machines" in work.ok("diff", "old", "new").out
    assert work.ok("diff", "--json", "old", "new").json["other_machine"] is True


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
    assert "GET /item/{id} (+30 calls, " in result.out
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
    assert "1 request makes more calls: GET /item/{id} (+" in result.out
    assert "1 request makes the same calls" in result.out


# --- commits

SOURCE = """
def helper(number):
    total = 0
    for other in range(number):
        total += abs(other - number)
    return total


def show():
    return [helper(number) for number in range(%d)]
"""


def tagged_run(work, name, source, n):
    """A run of the application as HEAD has it, tagged."""
    (work.path / "app.py").write_text(source % n)
    git(work.path, "add", "app.py")
    git(work.path, "commit", "-q", "-m", "Show %d" % n)
    space = {}
    exec(compile(source % n, str(work.path / "app.py"), "exec"), space)
    work.snapshot(name, RUN, profile_of(space["show"]))
    work.ok("tag", "--force", name)


def pixels_of(png, colour):
    """How many of them a picture has."""
    chunks, at = {}, 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        chunks[kind] = chunks.get(kind, b"") + png[at + 8:at + 8 + length]
        at += 12 + length
    number = next(i for i in range(256) if chunks[b"PLTE"][3 * i:3 * i + 3] == colour)
    width, = struct.unpack_from(">I", chunks[b"IHDR"])
    rows = zlib.decompress(chunks[b"IDAT"])
    return sum(rows[at + 1:at + 1 + width].count(number) for at in range(0, len(rows), width + 1))


def test_commits(work):
    git(work.path, "init", "-q", ".")
    git(work.path, "symbolic-ref", "HEAD", "refs/heads/main")
    tagged_run(work, "before", SOURCE, 5)
    tagged_run(work, "after", SOURCE.replace("helper", "assist"), 8)
    by_run = work.ok("diff", "before", "after").out
    assert "assist  " in by_run and "  was helper\n" in by_run
    assert by_run.startswith("old  before  1 request  ") and " main  Show 5\nnew  after  1 request  " in by_run
    for words in ["main~1..main"], ["HEAD~1..."], ["HEAD~1", "HEAD"], ["before", "HEAD"]:
        assert work.ok("diff", *words).out == by_run, words
    document = work.ok("diff", "--json", "HEAD~1..HEAD").json
    assert document["before"]["commit"] == git(work.path, "rev-parse", "HEAD~1") == document["before"]["path"]
    (function,) = [f for f in document["requests"][0]["functions"] if f["name"] == "assist"]
    assert function["match"] == "renamed" and function["was"] == {"file": "app.py", "name": "helper"}
    assert (function["calls"]["old"], function["calls"]["new"]) == (5, 8)
    # In the picture it is one box, too, and none is gone: its edge is of this green.
    assert work.cprof("diff", "main~1..main", "--png", "x.png").status == 0
    assert pixels_of((work.path / "x.png").read_bytes(), b"\x1c\x7f\x4b") < 300
    # The summaries alone, from the repository: no snapshots, hence no place.
    work.ok("store", "before", "after", "--raw-paths")
    shutil.rmtree(str(work.archive))
    stored = work.ok("diff", "--json", "HEAD~1..HEAD").json
    assert stored["requests"][0]["typical"] == {"old": None, "new": None}
    assert stored["requests"][0]["calls"] == document["requests"][0]["calls"]
    assert "could be drawn" in work.cprof("diff", "HEAD~1", "HEAD", "--png", "x.png").err


def test_commits_that_cannot_be_compared(archive):
    assert "HEAD is one side" not in archive.refused("diff", "HEAD") # there is no repository
    git(archive.path, "init", "-q", ".")
    git(archive.path, "commit", "-q", "--allow-empty", "-m", "Begin")
    assert archive.refused("diff", "HEAD") == \
        "cprof: diff: HEAD is one side; name OLD NEW, or two commits, A..B"
    assert archive.refused("diff", "missing..HEAD") == \
        "cprof: diff: missing: no such revision; 'git branch -a' lists what there is"
    assert ": run it with profiling and 'cprof tag' the run" in archive.refused("diff", "HEAD..HEAD")
    assert " is a commit" not in archive.refused("diff", "old", "missing")


PROFILES = {}


def suite(work, run, counts, tests=1, route="/orders", file="tests/test_shop.py"):
    """Requests of a suite: each test sends one for each of the counts, of so many calls."""
    for number in range(tests):
        for ordinal, count in enumerate(counts, 1):
            # One profile for a count: what is the same takes the same time.
            profile = PROFILES.setdefault(count, profile_of(load, count))
            work.snapshot(run, "GET.%s.%03d%03dms" % (route[1:], number, ordinal), profile,
                          route=route, label="%s::test_%d" % (file, number), ordinal=ordinal,
                          served_before=number + ordinal)


def test_what_changed_alike_is_told_once(work):
    for run, count in ("old", 10), ("new", 40):
        suite(work, run, [10, count, count, count])
        suite(work, run, [count, count], tests=12, route="/cart", file="tests/test_cart.py")
        for number in range(8):
            suite(work, run, [10, 10], route="/same%d" % number, file="tests/test_%d.py" % number)
    out = work.ok("diff", "old", "new").out
    one = "tests/test_shop.py::test_0 #2 to #4 GET /orders"
    many = "GET /cart, in 12 tests: tests/test_cart.py::test_"
    assert "\n27 requests make more calls: " in out and "\n17 requests make the same calls\n" in out
    rows = [line for line in out.splitlines() if line.startswith("more calls  ")]
    assert len(rows) == 2 and not any(line.startswith("same  ") for line in out.splitlines())
    assert sorted(re.search(r"  +(\d+) +(\d+) +\d+ +\d+ +\+30 ", row).groups() for row in rows) == \
        [("24", "24"), ("3", "3")]
    assert "(17 make the same calls: --limit 0)\n" in out
    heads = [line for line in out.splitlines() if ": builtins.abs 10 → 40 calls, " in line]
    assert len(heads) == 2 and any(line.startswith(one + ": ") for line in heads)
    assert any(line.startswith(many) and " and 11 more: " in line for line in heads)
    assert re.search(r"  Times are those of #[234], which is typical of these 3\.\n", out)
    markdown = work.ok("diff", "--markdown", "old", "new").out
    assert markdown.count("\n#### ") == 2 and "#### `%s`" % one in markdown
    assert "\n17 more requests did not change.\n" in markdown
    assert len(work.ok("diff", "--json", "old", "new").json["requests"]) == 44
    everything = work.ok("diff", "--limit", 0, "old", "new").out
    assert len([line for line in everything.splitlines() if line.startswith("same  ")]) == 9
    one_row = work.ok("diff", "--limit", 1, "old", "new").out
    assert len([line for line in one_row.splitlines() if line.startswith("more calls  ")]) == 1
    assert re.search(r"\n\((3|24) more changed: --limit 0\)\n", one_row)
    assert re.search(r"\n(3|24) changed requests more are not shown: --limit 0 shows all\.\n", one_row)


def test_alike_by_other_amounts(work):
    # The same function, called more often by as much as each request's data has.
    suite(work, "old", [10, 10, 10, 10, 10])
    suite(work, "new", [20, 40, 40, 40, 70])
    out = work.ok("diff", "old", "new").out
    (row,) = [line for line in out.splitlines() if line.startswith("more calls  ")]
    assert "::test_0 #1 to #5 GET /orders" in row
    old, low, high = map(int, re.search(r" (\d+) +\d+ \((\d+)-(\d+)\) +\+30 ", row).groups())
    assert (low - old, high - old) == (10, 60)
    assert "GET /orders: builtins.abs 10 → 40 calls, " in out
    assert re.search(r"  Numbers are those of #[234], which is typical of these 5\.\n", out)


def test_ordinals_and_long_labels(work):
    for run, more in ("old", 0), ("new", 5):
        suite(work, run, [10 + more * (i not in (2, 4, 6, 8)) for i in range(10)], file="x" * 5000)
    out = work.ok("diff", "old", "new").out
    (row,) = [line for line in out.splitlines() if line.startswith("more calls  ")]
    assert "xxx... #1, #2, #4, #6 and 2 more GET /orders" in row and len(row) < 400
    # In a narrow terminal a row keeps the end of its name, which tells it from others.
    narrow = in_terminal(work, "diff", "old", "new", columns=80, env={"PAGER": "cat", "NO_COLOR": "1"})
    (row,) = [line for line in narrow.splitlines() if line.startswith("more calls  ")]
    assert " and 2 more GET /orders " in row and len(row) <= 80


def query(n):
    database = sqlite3.connect(":memory:")
    for _ in range(n):
        database.execute("SELECT 1")


def test_more_sql_among_fewer_calls(work):
    def serve(queries, calls):
        query(queries)
        load(calls)

    for run, queries, calls in ("old", 1, 90), ("new", 11, 20):
        work.snapshot(run, RUN, profile_of(serve, queries, calls))
    out = work.ok("diff", "old", "new").out
    assert "\n1 request executes more SQL statements: GET / (1 → 11)\n1 request makes fewer calls: " in out
    assert "\n`1 request executes more SQL statements: GET / (1 → 11)`\n" in \
        work.ok("diff", "--markdown", "old", "new").out
    assert "SQL" not in work.ok("diff", "new", "old").out


def test_an_archive_outside_of_the_repository(work, tmp_path_factory):
    # Files are named from the root of the work tree in which the command runs.
    (work.path / ".git").mkdir()
    outside = Work(tmp_path_factory.mktemp("elsewhere"))
    for run, name in ("old", "f"), ("new", "g"):
        outside.snapshot(run, RUN, renamed(name, 10, str(work.path)))
    document = work.ok("diff", "--json", "--dir", str(outside.archive), "old", "new").json
    files = {f["file"] for f in document["requests"][0]["functions"] if f["name"] in ("f", "g")}
    assert files == {"shop/app.py"}


def test_a_manifest_that_cannot_be_read(archive):
    (archive.archive / "new" / RUN / "snapshot.json").write_text("{")
    result = archive.cprof("diff", "old", "new")
    assert result.status == 2 and "1 request makes more calls: GET /item/{id} (" in result.out
    assert "snapshot.json: line 1: " in result.err
    assert result.err.endswith("; of that request only the folder's name is known\n")
    result = archive.cprof("gate", "old", "new")
    assert result.status == 2 and result.out == ""
