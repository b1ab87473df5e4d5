"""Those our files are for read them, real requests' all: CPython's pstats of each
version, callgrind_annotate, go tool pprof, gprof2dot. And we read cProfile's."""
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


def run(command, cwd, **environment):
    """Its standard output. Several of these exit 0 on garbage and only mutter."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=dict(os.environ, **environment))
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0 and not said, "%s:\n%s" % (command, said)
    return done.stdout.decode("utf-8")


def test_peers__pstats_prints_callstack_txt(base, snapshots, each_python):
    judge = os.path.join(HERE, "judge_pstats.py")
    run([each_python, judge, *(snapshot.where for snapshot in snapshots)], base, PYTHONUTF8="1")


def test_peers__pstats_merges_what_shares_a_line(snapshots):
    """Three classes' __init__, 10 calls of each, under one key: cProfile shows one of them."""
    (twins,) = [s for s in snapshots if s.manifest["path"] == "/twins"]
    calls = [value[1] for (file, _, name), value in twins.stats().stats.items()
             if (file, name) == ("<string>", "__init__")]
    assert calls == [30]


def kgrind_sums(path):
    """Totals of the file, and by function its own cost and that of its calls."""
    own, below, files, functions, header = Counter(), Counter(), {}, {}, {}
    current = file = None
    after_calls = False

    def name_of(names, text):
        number, name = re.fullmatch(r"\((\d+)\)(?: (.*))?", text).groups()
        if name is not None:
            assert number not in names, text
            names[number] = name
        return names[number]

    with open(path, encoding="utf-8") as lines:
        for line in map(str.strip, lines):
            key, _, value = line.partition("=")
            if re.fullmatch(r"\d+ \d+", line):
                (below if after_calls else own)[current] += int(line.split()[1])
                after_calls = False
            elif key == "fl":
                file = name_of(files, value)
            elif key == "cfl":
                name_of(files, value)
            elif key == "fn":
                current = file, name_of(functions, value)
            elif key == "cfn":
                name_of(functions, value)
            elif key == "calls":
                after_calls = True
            elif re.match(r"\w+: ", line):
                header.update([line.split(": ", 1)])
    return header, own, below


def test_peers__kgrind_adds_up_to_pstats(snapshots):
    for snapshot in snapshots:
        header, own, below = kgrind_sums(snapshot.file("profile.kgrind"))
        assert header["positions"] == "line"
        assert int(header["summary"]) == sum(own.values())
        stats = snapshot.stats()
        assert sum(own.values()) == pytest.approx(stats.total_tt * 1e9, abs=1000)
        # To the microsecond, where the file's qualified names do not tell more apart.
        cumulative = {}
        for (file, name), self_ns in own.items():
            cumulative.setdefault((file, name.rsplit(".", 1)[-1]), []).append(
                self_ns + below[file, name])
        checked = 0
        by_name = Counter((file, name) for file, _, name in stats.stats)
        for (file, _, name), (_, _, _, ct, _) in stats.stats.items():
            ours = cumulative.get((file, name), [])
            if by_name[file, name] == 1 and len(ours) == 1:
                assert ours[0] == pytest.approx(ct * 1e9, abs=1000), (snapshot.name, name)
                checked += 1
        assert checked >= len(stats.stats) // 2


@pytest.mark.parametrize("options", [[], ["--inclusive=yes", "--tree=both", "--threshold=100"]],
                         ids=["plain", "tree"])
def test_peers__callgrind_annotate(snapshots, options):
    """From another folder: its own handling of relative names is not what we test."""
    for snapshot in snapshots:
        printed = run(["callgrind_annotate", *options, snapshot.file("profile.kgrind")], "/")
        total = sum(kgrind_sums(snapshot.file("profile.kgrind"))[1].values())
        assert re.search(r"^ *{:,} .*PROGRAM TOTALS$".format(total), printed, re.MULTILINE)
        assert "odd_app.py:app" in printed


def go():
    if shutil.which("go") is None:
        pytest.skip("go is not installed: go tool pprof was not asked")
    return ["go", "tool", "pprof"]


def pprof_samples(raw):
    """By function (line, name as pprof prints them): calls, own and cumulative time; the sums."""
    samples, locations = raw.split("Samples:\n", 1)[1].split("Locations\n", 1)
    names = {}
    for line in locations.split("Mappings\n")[0].splitlines():
        match = re.fullmatch(r"\s*(\d+): 0x0 M=1 (.*):(\d+):0 s=(\d+)\(.*\)", line)
        assert match, line
        assert match.group(3) == match.group(4)
        names[match.group(1)] = match.group(2), int(match.group(3))
    calls, own, cumulative = Counter(), Counter(), Counter()
    lines = samples.splitlines()
    assert lines[0].split() == ["calls/count", "wall/nanoseconds[dflt]"]
    for line in lines[1:]:
        match = re.fullmatch(r"\s*(\d+)\s+(\d+):((?: \d+)*)\s*", line)
        assert match, line
        stack = [names[number] for number in match.group(3).split()]
        if stack:
            calls[stack[0]] += int(match.group(1))
            own[stack[0]] += int(match.group(2))
            for function in set(stack):
                cumulative[function] += int(match.group(2))
    return calls, own, cumulative


def test_peers__pprof_reads_what_pstats_does(snapshots, tmp_path):
    """Calls exactly, times to a microsecond, function by function."""
    command = go()
    for snapshot in snapshots:
        raw = run([*command, "-raw", snapshot.file("profile.pb.gz")], tmp_path, HOME=str(tmp_path),
                  GOCACHE=gocache())
        assert "Comment: GET " + snapshot.manifest["route"] in raw
        calls, own, cumulative = pprof_samples(raw)
        stats = snapshot.stats()
        assert sum(calls.values()) == stats.total_calls
        assert sum(own.values()) == pytest.approx(stats.total_tt * 1e9, abs=1000)
        # By line: our file keeps apart what pstats merges, by qualified name.
        by_line, ours = {}, {}
        for (file, line, name), (_, nc, tt, _, _) in stats.stats.items():
            sums = by_line.setdefault((file, line), Counter())
            sums.update(calls=nc, own=tt * 1e9)
        for name, line in calls:
            file = next(file for file, other in by_line if other == line and name.endswith(" " + file))
            sums = ours.setdefault((file, line), Counter())
            sums.update(calls=calls[name, line], own=own[name, line])
        assert by_line.keys() == ours.keys()
        for key, sums in by_line.items():
            assert ours[key]["calls"] == sums["calls"], (snapshot.name, key)
            assert ours[key]["own"] == pytest.approx(sums["own"], abs=1000), (snapshot.name, key)
        if snapshot.manifest["path"] == "/deep":
            continue  # its ends are folded into their ancestors
        for (file, line, name), (_, _, _, ct, _) in stats.stats.items():
            same = [key for key in cumulative if key[1] == line and key[0].endswith(" " + file)]
            if len(same) == 1:
                assert cumulative[same[0]] == pytest.approx(ct * 1e9, abs=1000), (snapshot.name, name)


def gocache():
    done = subprocess.run(["go", "env", "GOCACHE"], stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def test_peers__pprof_top(snapshots, tmp_path):
    command = go()
    for snapshot in [s for s in snapshots if s.manifest["path"] in ("/direct", "/names")]:
        top = run([*command, "-top", "-unit=ns", "-nodecount=10", snapshot.file("profile.pb.gz")],
                  tmp_path, HOME=str(tmp_path), GOCACHE=gocache())
        assert "Type: wall" in top
        assert re.search(r"^ *flat +flat% +sum% +cum +cum%$", top, re.MULTILINE)
        qualified = "direct.<locals>.fib" if snapshot.manifest["path"] == "/direct" else "First.method"
        assert re.search(" %s( |$)" % re.escape(qualified), top, re.MULTILINE), top


def test_peers__gprof2dot(snapshots):
    for snapshot in snapshots:
        dot = run([sys.executable, "-m", "gprof2dot", "-f", "pstats", "-n0", "-e0",
                   snapshot.file("profile.prof")], "/")
        boxes = re.findall(r'^\t\d+ \[.*?label="(.*?)\\n([0-9.]+)%\\n\(([0-9.]+)%\)\\n(\d+)×"', dot,
                           re.MULTILINE)
        stats = snapshot.stats()
        assert sum(int(count) for _, _, _, count in boxes) == stats.total_calls
        assert all(float(total) <= 100 for _, total, _, _ in boxes)
        assert sum(float(own) for _, _, own, _ in boxes) == pytest.approx(100, abs=0.01 * len(boxes) + 0.01)
        assert 'odd_app:' in dot


@pytest.mark.parametrize("thresholds", [(), ("0", "0"), ("5", "2")], ids=["usual", "all", "few"])
def test_peers__cprof_writes_the_dot_of_gprof2dot(snapshots, tmp_path, thresholds):
    """Its nodes, edges, labels, colours and numbers, for the same files and thresholds."""
    theirs = ["-n" + thresholds[0], "-e" + thresholds[1]] if thresholds else []
    ours = ["--min-node", thresholds[0], "--min-edge", thresholds[1]] if thresholds else []
    for snapshot in snapshots:
        path = snapshot.file("profile.prof")
        expected = run([sys.executable, "-m", "gprof2dot", "-f", "pstats", *theirs, path], "/")
        assert run(["cprof", "render", *ours, "-o", "-", "--format", "dot", path], tmp_path) == expected
    assert " -> " in expected


def test_peers__cprof_reads_cprofile(tmp_path, each_python):
    """The table that the same Python's pstats prints, of a file that its cProfile wrote."""
    path = tmp_path / "cprofile.prof"
    expected = run([each_python, os.path.join(HERE, "make_prof.py"), path], tmp_path, PYTHONUTF8="1")
    shown = run(["cprof", "show", "--limit", "0", path], tmp_path)

    def table(text):
        return text[re.search(r"^ +\d+ function calls", text, re.MULTILINE).start():].rstrip("\n")

    assert table(shown) == table(expected)


def test_peers__cprof_shows_what_it_wrote(base, snapshots):
    """profile.prof of a snapshot through `cprof show`, against its callstack.txt."""
    for snapshot in snapshots:
        shown = run(["cprof", "show", "--limit", "0", snapshot.where + "/profile.prof"], base)
        with open(snapshot.file("callstack.txt"), encoding="utf-8") as file:
            expected = file.read()

        def rows(text):
            return sorted(text.split("filename:lineno(function)\n")[1].split("\n"))
        assert rows(shown.rstrip("\n")) == rows(expected.rstrip("\n"))
