"""merge and export in front of those whose work they do or whose files they write: pstats,
pyprof2calltree, callgrind_annotate, go tool pprof, speedscope's schema; and the files of
yappi, pyinstrument and CPython 3.15's sampler as inputs."""
import io
import json
import marshal
import os
import pstats
import re
import shutil
import struct
import subprocess
import sys
from collections import Counter

import jsonschema
import pyprof2calltree
import pytest

from test_peers import HERE, go, gocache, kgrind_sums, run

SPEEDSCOPE = "speedscope@1.25.0"


def cprof(*args, cwd="/"):
    """Its standard output; on the other it may say what a format does not hold."""
    done = subprocess.run(["cprof", *map(str, args)], cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    said = done.stderr.decode()
    assert done.returncode == 0, (args, said)
    assert all(re.match("cprof: .*(does not hold|left out): ", line) for line in said.splitlines()), said
    return done.stdout


@pytest.fixture(scope="session")
def foreign(tmp_path_factory):
    path = tmp_path_factory.mktemp("foreign")
    subprocess.run([sys.executable, os.path.join(HERE, "make_foreign.py"), str(path)], check=True)
    return path


@pytest.fixture(scope="session")
def profs(snapshots, foreign):
    """Traced .prof files of all makers."""
    return [snapshot.file("profile.prof") for snapshot in snapshots] + [
        str(foreign / name) for name in ("cprofile.prof", "yappi.prof")]


def bits(stats):
    """All of it, in its order, floats as what they are in memory."""
    def row(values):
        return tuple(struct.pack("d", v) if isinstance(v, float) else v for v in values)
    return [(key, row(value[:4]), [(caller, row(arc)) for caller, arc in value[4].items()])
            for key, value in stats.items()]


# --- merge

def test_merge_is_pstats_add(profs, tmp_path):
    """To the last bit, in the same order; a file twice, too."""
    for files in profs, profs[::-1], profs[:1], profs[:2] * 3:
        cprof("merge", *files, "-o", tmp_path / "all.prof")
        merged = marshal.loads((tmp_path / "all.prof").read_bytes())
        assert bits(merged) == bits(pstats.Stats(*files).stats)


def test_merge_of_what_each_python_writes(each_python, tmp_path):
    names = []
    for number in range(3):
        names.append(str(tmp_path / ("%d.prof" % number)))
        run([each_python, os.path.join(HERE, "make_prof.py"), names[-1]], tmp_path, PYTHONUTF8="1")
    cprof("merge", *names, "-o", tmp_path / "all.prof")
    judge = ("import marshal, pstats, sys; *files, merged = sys.argv[1:]; "
             "ours = marshal.load(open(merged, 'rb')); theirs = pstats.Stats(*files).stats; "
             "sys.exit(list(ours.items()) != list(theirs.items()))")
    run([each_python, "-c", judge, *names, tmp_path / "all.prof"], tmp_path)


def test_merge_of_pure_profiles(foreign, tmp_path):
    """`profile` has a number for each caller."""
    files = [str(foreign / "profile.prof")] * 2
    cprof("merge", *files, "-o", tmp_path / "all.prof")
    merged = marshal.loads((tmp_path / "all.prof").read_bytes())
    assert list(merged.items()) == list(pstats.Stats(*files).stats.items())
    said = subprocess.run(["cprof", "merge", files[0], str(foreign / "cprofile.prof"), "-o",
                           str(tmp_path / "no.prof")], stderr=subprocess.PIPE)
    assert said.returncode == 2 and b"have times" in said.stderr


# --- export

def test_export_as_pyprof2calltree(profs):
    for path in profs:
        theirs = io.StringIO()
        pyprof2calltree.convert(path, theirs)
        ours = cprof("export", path, "--to", "callgrind", "--compat", "pyprof2calltree")
        assert ours.decode() == theirs.getvalue(), path


@pytest.fixture(scope="session")
def annotated(tmp_path_factory):
    """What callgrind_annotate prints of a file: inclusive and own cost by function."""
    folder = tmp_path_factory.mktemp("annotated")

    def annotate(content):
        (folder / "x.kgrind").write_bytes(content)
        costs = {}
        for key, option in ("own", "no"), ("inclusive", "yes"):
            out = run(["callgrind_annotate", "--auto=no", "--threshold=100",
                       "--inclusive=" + option,
                       folder / "x.kgrind"], "/")
            table = out[out.index("file:function"):]
            costs[key] = {name: int(cost.replace(",", "")) for cost, name in
                          re.findall(r"^ *([\d,]+) \([ \d.]+%\)  (.*?)(?: \[\])?$", table, re.M)}
        return costs
    return annotate


def test_export_to_callgrind_is_annotated(profs, annotated):
    for path in profs:
        costs = annotated(cprof("export", path, "--to", "callgrind"))
        total = sum(value[2] for value in pstats.Stats(path).stats.values())
        assert sum(costs["own"].values()) == pytest.approx(total * 1e9, abs=1000), path


def test_callgrind_files_of_others_come_back(foreign, annotated):
    """yappi's, in and out again: the same own costs. (Its names have the file in them.)"""
    theirs = annotated((foreign / "yappi.kgrind").read_bytes())["own"]
    ours = annotated(cprof("export", foreign / "yappi.kgrind", "--to", "callgrind"))["own"]

    def by_function(costs):
        return {re.sub(r" /.*", "", name): cost for name, cost in costs.items() if cost}
    assert by_function(ours) == by_function(theirs)


def test_collapsed_adds_up_to_pstats(snapshots):
    for snapshot in snapshots:
        own = Counter()
        for line in cprof("export", snapshot.path, "--to", "collapsed").decode().splitlines():
            stack, weight = line.rsplit(" ", 1)
            frame = re.fullmatch(r"(.*?)(?: \((.*):(\d+)\))?", stack.split(";")[-1])
            own[frame.group(2) or "~", int(frame.group(3) or 0)] += int(weight)
        theirs = Counter()
        for (file, line, _), value in snapshot.stats().stats.items():
            theirs[file, line] += round(value[2] * 1e9)
        assert own == +theirs, snapshot.name


@pytest.fixture(scope="session")
def schema(tmp_path_factory):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: speedscope's schema was not asked")
    path = tmp_path_factory.mktemp("speedscope")
    subprocess.run(["npm", "pack", "--silent", SPEEDSCOPE], cwd=path, check=True,
                   stdout=subprocess.DEVNULL)
    shutil.unpack_archive(str(next(path.glob("*.tgz"))), str(path))
    return json.loads((path / "package/dist/release/file-format-schema.json").read_text())


def test_speedscope_obeys_its_schema(snapshots, schema):
    for snapshot in snapshots:
        document = json.loads(cprof("export", snapshot.path, "--to", "speedscope"))
        jsonschema.validate(document, schema)
        for profile in document["profiles"]:
            assert len(profile["samples"]) == len(profile["weights"])
            assert sum(profile["weights"]) == profile["endValue"]
        total = round(snapshot.stats().total_tt * 1e9)
        assert document["profiles"][0]["endValue"] == pytest.approx(total, abs=1000)


def test_stacks_of_others_pass_go_tool_pprof(foreign, tmp_path):
    command = go()
    (tmp_path / "x.pb.gz").write_bytes(
        cprof("export", foreign / "pyinstrument.speedscope.json", "--to", "pprof"))
    top = run([*command, "-top", "-unit=ns", "-nodecount=5", tmp_path / "x.pb.gz"], tmp_path,
              HOME=str(tmp_path), GOCACHE=gocache())
    assert "Type: wall" in top and re.search(r" fib( |$)", top, re.MULTILINE)
    raw = run([*command, "-raw", tmp_path / "x.pb.gz"], tmp_path, HOME=str(tmp_path),
              GOCACHE=gocache())
    assert "wall/nanoseconds[dflt]" in raw and "calls" not in raw.split("Locations")[0]


# --- files of samplers: no calls come out of them

def test_pyinstrument(foreign):
    theirs = pstats.Stats(str(foreign / "pyinstrument.prof")).stats
    document = json.loads(cprof("export", foreign / "pyinstrument.prof", "--to", "json"))
    assert document["sampled"]
    ours = {(f["file"], f["line"], f["name"]): (f["calls"], f["self"][0], f["cum"][0])
            for f in document["functions"]}
    assert ours == {key: (None, round(tt * 1e9), round(ct * 1e9))
                    for key, (_, _, tt, ct, _) in theirs.items()}
    assert {arc["calls"] for arc in document["arcs"]} == {None}
    document = json.loads(cprof("export", foreign / "pyinstrument.speedscope.json", "--to", "json"))
    source = json.loads((foreign / "pyinstrument.speedscope.json").read_text())
    assert document["sampled"]
    assert document["tree"][0]["cum"][0] == pytest.approx(
        source["profiles"][0]["events"][-1]["at"] * 1e9, abs=10000)


SPIN = """
import time
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
end = time.monotonic() + 0.5
while time.monotonic() < end: fib(10)
"""


def test_cpython_sampler(tmp_path, python315):
    """profiling.sampling of CPython 3.15: its mark, its counts, its stacks."""
    (tmp_path / "spin.py").write_text(SPIN)
    for option, name in ("--pstats", "s.prof"), ("--collapsed", "s.txt"):
        done = subprocess.run([python315, "-m", "profiling.sampling", "run", option, "-o", name, "spin.py"],
                              cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if not (tmp_path / name).exists():
            pytest.skip("profiling.sampling cannot read a process here: " + done.stdout.decode()[-200:])
    stats = marshal.loads((tmp_path / "s.prof").read_bytes())
    assert stats.pop(("__sampled__",)) is True
    document = json.loads(cprof("export", tmp_path / "s.prof", "--to", "json"))
    assert document["sampled"] and [m["name"] for m in document["metrics"]] == ["wall", "samples"]
    ours = {(f["file"], f["line"], f["name"]): (f["calls"], f["self"], f["cum"])
            for f in document["functions"]}
    assert ours == {key: (None, [round(tt * 1e9), cc], [round(ct * 1e9), nc])
                    for key, (cc, nc, tt, ct, _) in stats.items()}
    samples = [int(line.rsplit(" ", 1)[1]) for line in (tmp_path / "s.txt").read_text().splitlines()]
    document = json.loads(cprof("export", tmp_path / "s.txt", "--to", "json"))
    assert document["tree"][0]["cum"] == [sum(samples)]
    assert "fib" in {f["name"] for f in document["functions"]}
    # Two of them add up and are marked again; with a traced one they do not.
    cprof("merge", tmp_path / "s.prof", tmp_path / "s.prof", "-o", tmp_path / "two.prof")
    merged = marshal.loads((tmp_path / "two.prof").read_bytes())
    assert merged.pop(("__sampled__",)) is True
    assert {key: value[:2] for key, value in merged.items()} == {
        key: (2 * cc, 2 * nc) for key, (cc, nc, *_) in stats.items()}


def test_yappi(foreign):
    """As pstats prints it, columns that it mixes up included."""
    out = io.StringIO()
    pstats.Stats(str(foreign / "yappi.prof"), stream=out).sort_stats("time", "name").print_stats()
    ours = cprof("export", foreign / "yappi.prof", "--to", "callstack").decode()
    assert ours.split("\n", 1)[1] == out.getvalue().split("\n", 1)[1]


def test_verify_agrees_with_all_of_it(base, snapshots):
    assert cprof("verify", cwd=base).decode() == "%d snapshots: all agree\n" % len(snapshots)


def test_kgrind_of_an_import_adds_up(foreign, tmp_path):
    cprof("import", foreign / "cprofile.prof", "-o", tmp_path / "GET.x.000001ms")
    header, own, _ = kgrind_sums(str(tmp_path / "GET.x.000001ms/profile.kgrind"))
    assert int(header["summary"]) == sum(own.values())
