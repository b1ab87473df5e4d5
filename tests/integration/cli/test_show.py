import cProfile
import io
import os
import pstats
import re
import sys
import time

import pytest

from cli_work import load, profile_of

RUN = "GET.root.000005ms"


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


class One:
    def __init__(self):
        self.fib = fib(3)


def everything():
    fib(10)
    load(5)
    One()
    sorted([3, 1, 2], key=lambda n: -n)
    "x".join(["a", "b"])


@pytest.fixture
def recorded(work):
    """A snapshot, and the path of its profile."""
    folder = work.snapshot("run", RUN, profile_of(everything))
    return work, str(folder / "profile.prof")


def as_pstats(path, key, *restrictions):
    out = io.StringIO()
    pstats.Stats(path, stream=out).sort_stats(key).print_stats(*restrictions)
    return out.getvalue()


def table(text):
    """The lines from 'Ordered by' on."""
    return [line.rstrip() for line in text[text.index("   Ordered by"):].strip("\n").split("\n")]


@pytest.mark.parametrize("key", ["calls", "ncalls", "pcalls", "cumtime", "cumulative", "tottime",
                                 "time", "name", "nfl", "file", "filename", "module", "line",
                                 "stdname"])
def test_table_is_that_of_pstats(recorded, key):
    work, path = recorded
    ours = work.ok("show", "-s", key, "--limit", 0, RUN).out
    theirs = as_pstats(path, key)
    # Ties may come in another order: the lines are the same, and the keys fall alike.
    assert sorted(table(ours)) == sorted(table(theirs))
    assert table(ours)[0] == table(theirs)[0]
    summary = re.search(r"^ +\d+ function calls .*$", theirs, re.M).group().rstrip()
    assert summary in ours
    column = {"calls": 0, "ncalls": 0, "cumtime": 3, "cumulative": 3, "tottime": 1, "time": 1,
              "stdname": 5}.get(key)
    if column is not None:
        def keys(text):
            return [line.split(None, 5)[column] for line in table(text)[3:]]
        assert keys(ours) == keys(theirs)


def test_default_is_tottime_and_all(recorded):
    work, path = recorded
    assert work.ok("show", RUN).out == work.ok("show", RUN, "--sort", "tottime", "-n", 0).out
    assert table(work.ok("show", RUN).out)[3:] == table(as_pstats(path, "tottime"))[3:]


def test_limit_and_pattern(recorded):
    work, path = recorded
    ours = work.ok("show", RUN, "-n", 2, "-s", "ncalls").out
    assert table(ours)[1] == table(as_pstats(path, "ncalls", 2))[1]
    assert len(table(ours)) == 6 # three of the head, two lines, an empty one
    ours = work.ok("show", RUN, r"fib|join").out
    assert "List reduced from" in ours and "due to restriction <'fib|join'>" in ours
    names = [line.split()[-1] for line in table(ours)[4:]]
    assert len(names) == 2 and any(name.endswith("(fib)") for name in names), ours


def test_title(recorded):
    work, _ = recorded
    assert work.ok("show", RUN).out.startswith("GET /  200 OK  5.00 ms  2026-11-21 ")
    path = "profiling/run/%s/profile.prof" % RUN
    when = time.ctime(os.stat(str(work.path / path)).st_mtime)
    assert work.ok("show", path).out.startswith("%s    %s\n\n" % (when, path))


def test_json(recorded):
    work, path = recorded
    document = work.ok("show", RUN, "--json").json
    stats = pstats.Stats(path).stats
    assert document["schema"] == 1 and document["request"] == "GET /"
    assert document["unit"] == "nanoseconds" and document["status"] == "200 OK"
    assert document["calls"] == sum(value[1] for value in stats.values())
    assert document["primitive_calls"] == sum(value[0] for value in stats.values())
    assert len(document["functions"]) == len(stats)
    assert len(work.ok("show", RUN, "--json", "-n3").json["functions"]) == 3
    for f in work.ok("show", RUN, "--json", "-n0").json["functions"]:
        cc, nc, tt, ct, _ = stats[f["file"], f["line"], f["name"]]
        assert (f["primitive_calls"], f["calls"]) == (cc, nc)
        assert abs(f["tottime"] - tt * 1e9) < 1 and abs(f["cumtime"] - ct * 1e9) < 1


def test_bad_pattern(recorded):
    work, _ = recorded
    assert work.refused("show", RUN, "(").startswith("cprof: show: pattern '(': ")


def test_callers_and_callees_in_json(recorded):
    work, path = recorded
    stats = pstats.Stats(path)
    stats.calc_callees()
    for what in "callers", "callees":
        (f,) = work.ok("show", RUN, "--json", "--" + what, r"\(fib\)").json["functions"]
        key = f["file"], f["line"], f["name"]
        arcs = stats.stats[key][4] if what == "callers" else stats.all_callees[key]
        assert [(c["calls"], c["primitive_calls"]) for c in f[what]] == \
            [arcs[other][:2] for other in sorted(arcs)]
        assert [(c["file"], c["line"], c["name"]) for c in f[what]] == sorted(arcs)
    assert "callers" not in work.ok("show", RUN, "--json").json["functions"][0]
    assert work.refused("show", RUN, "--callers", "nobody") == "cprof: show: there is no function 'nobody'"
    assert work.refused("show", RUN, "--callers", "a", "--callees", "b") == \
        "cprof: show: --callers and --callees exclude each other"


def test_no_tree_in_pstats(recorded):
    work, _ = recorded
    for more in [], ["--json"]:
        said = work.refused("show", RUN, "--tree", *more)
        assert said.endswith("this profile has no call tree, only functions and who called them "
                             "(a snapshot's profile.pb.gz has one); leave out --tree")


def test_a_run_is_added_up(recorded):
    work, path = recorded
    work.snapshot("run", "GET.other.000005ms", profile_of(everything), route="/other", lost=4)
    both = [str(work.archive / "run" / name / "profile.prof") for name in (RUN, "GET.other.000005ms")]
    out = io.StringIO()
    pstats.Stats(*both, stream=out).sort_stats("calls", "name", "line").print_stats()
    for what in "run", "profiling":
        shown = work.ok("show", what, "--sort", "calls,name,line").out
        assert shown.startswith("2 requests  profiling")
        assert "incomplete: 4 calls could not be recorded" in shown
        assert table(shown) == table(out.getvalue())
    document = work.ok("show", "run", "--json").json
    assert (document["snapshots"], document["request"], document["lost"]) == (2, None, 4)
    assert work.refused("show", "run", "--tree") == ("cprof: show: run is several requests, and their "
                                                     "sum has no call tree; leave out --tree, or name one")
    (work.archive / "empty").mkdir()
    (work.archive / "empty" / "run.json").write_text("{}")
    assert work.refused("show", "empty") == "cprof: profiling/empty: there is no snapshot in it"


def test_a_snapshot_that_is_not_there(recorded):
    work, _ = recorded
    assert work.refused("show", "GET.root").startswith("cprof: GET.root: no such snapshot, run or file")


def test_a_name_in_two_runs(recorded):
    work, _ = recorded
    work.snapshot("run2", RUN, profile_of(load, 1))
    assert work.refused("show", RUN) == "cprof: %s: in 2 runs; say which as RUN/%s" % (RUN, RUN)
    work.ok("show", "run2/" + RUN)


def test_hostile_names(work):
    code = compile("def f(): pass\nf()", "/x/\x1b[31m\u202efile\n.py", "exec")
    profile = cProfile.Profile()
    profile.enable()
    exec(code, {})
    profile.disable()
    profile.create_stats()
    work.snapshot("run", RUN, profile)
    for args in [], ["--color=always"]:
        out = work.ok("show", RUN, *args).out
        assert "\x1b[31m" not in out and "\u202e" not in out and r"\x1b[31m" in out
    assert any(f["file"] == "/x/\x1b[31m\u202efile\n.py"
               for f in work.ok("show", RUN, "--json").json["functions"])


# --- the tree, of what the middleware writes

def served_item(work, run):
    return run + "/" + [name for name in os.listdir(str(work.archive / run))
                        if name.startswith("GET.item")][0]


def test_tree(served):
    work, first, _ = served
    what = served_item(work, first)
    nodes = work.ok("show", "--tree", "--json", "--min", 0, what).json["tree"]
    assert nodes[0]["parent"] is None and nodes[0]["name"] is None
    for at, node in enumerate(nodes[1:], 1):
        assert node["parent"] < at
        assert node["cumtime"] <= nodes[node["parent"]]["cumtime"]
    by_name = {node["name"]: node for node in nodes}
    assert by_name["item"]["calls"] == 3
    assert nodes[by_name["item"]["parent"]]["name"] == "handle"
    # Self and children make up the whole, all the way down.
    assert sum(node["tottime"] for node in nodes) == nodes[0]["cumtime"]


def test_tree_as_text(served):
    work, first, _ = served
    lines = work.ok("show", "--tree", "--min", 0, served_item(work, first)).out.splitlines()
    assert lines[0].startswith("GET /item/{id}  200 OK  ")
    assert lines[2].split() == ["cum", "self", "calls", "function"]
    assert lines[3].endswith("  (the request)")
    at = {}
    for line in lines[4:]:
        match = re.search(r" (\d+)  ([│ ]*)[├└]─ (?:Shop\.)?(application|handle|item|\{.*abs\})", line)
        if match:
            at[match.group(3)] = (int(match.group(1)), len(match.group(2)))
    # Two columns further in each time; calls as the application makes them.
    assert at == {"application": (1, 0), "handle": (1, 2), "item": (3, 4),
                  "{built-in method builtins.abs}": (3, 6)}, lines


def test_tree_depth_and_pattern(served):
    work, first, _ = served
    what = served_item(work, first)
    shallow = work.ok("show", "--tree", "--json", "--min", 0, "--depth", 1, what).json["tree"]
    assert {node["parent"] for node in shallow} <= {None, 0}
    assert "deeper than 1)" in work.ok("show", "--tree", "--min", 0, "--depth", 1, what).out
    kept = work.ok("show", "--tree", "--json", "--min", 0, what, r"\((Shop\.)?item\)").json["tree"]
    names = [node["name"] for node in kept]
    assert "item" in names and "handle" in names # on the way to it
    assert "unrelated" not in names
    assert "--sort orders the table" in work.refused("show", "--tree", "--sort", "calls", what)


def test_focus(served):
    work, first, _ = served
    what = served_item(work, first)
    whole = work.ok("show", "--tree", "--json", "--min", 0, what).json["tree"]
    nodes = work.ok("show", "--tree", "--json", "--min", 0, "--focus", r"\((Shop\.)?item\)", what).json["tree"]
    through = [node for node in whole if node["name"] == "item"]
    assert len(through) == 1
    # On the way there all is cost of what lies below.
    names = [node["name"] for node in nodes]
    above = nodes[:names.index("item")]
    assert [node["name"] for node in above][-1] == "handle" and "unrelated" not in names
    for node in above:
        assert (node["cumtime"], node["tottime"]) == (through[0]["cumtime"], 0)
    assert nodes[len(above)]["calls"] == 3 and nodes[len(above)]["tottime"] == through[0]["tottime"]
    functions = work.ok("show", "--json", "--focus", "item", what).json["functions"]
    assert {f["name"] for f in functions} == set(names[1:])
    part = 100 * through[0]["cumtime"] / whole[0]["cumtime"]
    for more in [], ["--tree"], ["--callees", "item"]:
        assert "only paths through 'item', %.1f%% of the whole\n" % part in \
            work.ok("show", "--focus", "item", what, *more).out
    assert work.refused("show", "--focus", "nobody", what) == \
        "cprof: show: --focus nobody: no path leads there"
    prof = str(work.archive / what / "profile.prof")
    assert work.refused("show", "--focus", "item", prof).endswith(
        "this profile has no call tree, so no paths are known, only who called whom")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="code has no qualified name before 3.11")
def test_equal_keys_are_apart(served):
    """Two classes' methods of one name on one line are one to pstats."""
    work, first, _ = served
    keys = {}
    for f in work.ok("show", "--json", "-n0", served_item(work, first)).json["functions"]:
        keys.setdefault((f["file"], f["line"], f["name"]), []).append(f["qualname"])
    assert [sorted(names) for names in keys.values() if len(names) > 1] == [["A.same", "B.same"]]


def test_what_is_no_time_is_named(work):
    (work.path / "a.kgrind").write_text("events: Ticks\nfl=a.py\nfn=f\n1 30\ncfn=g\ncalls=2 5\n1 40\nfn=g\n5 40\n")
    out = work.ok("show", "a.kgrind").out
    assert "         2 function calls\n         values are Ticks\n\n" in out and "seconds" not in out
    (work.path / "b.txt").write_text("main;f 0.5\n")
    (work.path / "c.speedscope.json").write_text(
        '{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[{"name":"f"}]},'
        '"profiles":[{"type":"sampled","unit":"bytes","samples":[[0]],"weights":[35339583]}]}')
    assert "35.3 MB" in work.ok("show", "c.speedscope.json", "--tree").out
    for args in [], ["--tree"], ["--callers", "f"]:
        assert "values are samples, in millionths\n" in work.ok("show", "b.txt", *args).out
