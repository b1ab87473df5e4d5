"""Files of ours in front of their real readers; called by test_peers.c.

peers.py DIR             asks every reader that is on this machine
peers.py --pstats DIR    asks the pstats of the Python that runs it

DIR holds a folder for each case: the files of a snapshot, and expected.tsv with
file, line, qualified name, calls, self and cumulative nanoseconds by function.
"""

import glob
import io
import marshal
import os
import pstats
import re
import shutil
import subprocess
import sys


def cases(folder):
    return sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name)))


def expected(case):
    with open(os.path.join(case, "expected.tsv"), encoding="utf-8") as f:
        for line in f:
            file, lineno, qualname, ncalls, own, cum = line.rstrip("\n").split("\t")
            yield file, int(lineno), qualname, int(ncalls), int(own), int(cum)


def check_pstats(case):
    """callstack.txt is what this Python prints for profile.prof."""
    path = case + "/profile.prof"
    out = io.StringIO()
    stats = pstats.Stats(path, stream=out)
    stats.sort_stats("time", "name").print_stats()
    with open(case + "/callstack.txt", encoding="utf-8", newline="") as f:
        ours = f.read()
    assert ours == out.getvalue(), "%s: callstack.txt differs from print_stats()" % case
    stats.dump_stats(case + "/again-%d.%d.prof" % sys.version_info[:2])
    total = sum(cc for cc, nc, tt, ct, callers in stats.stats.values())
    assert total == stats.prim_calls
    for func, (cc, nc, tt, ct, callers) in stats.stats.items():
        assert cc <= nc and tt <= ct + 1e-9, func
        for caller, value in callers.items():
            assert caller in stats.stats and len(value) == 4, (func, caller)
            assert value[1] <= value[0], (func, caller)
    # As older writers would, without references: our reader takes these too.
    if sys.version_info[:2] == (3, 8):
        for version in range(5):
            with open(case + "/again-v%d.prof" % version, "wb") as f:
                marshal.dump(stats.stats, f, version)


def pythons():
    """One interpreter of each version of CPython from 3.8 on."""
    found = {}
    paths = [shutil.which("python3.%d" % minor) for minor in range(8, 20)]
    paths += glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3"))
    for path in [sys.executable] + [path for path in paths if path]:
        done = subprocess.run([path, "-c", "import sys; print(*sys.version_info[:2], sep='.')"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        version = done.stdout.decode().strip()
        if done.returncode == 0 and tuple(map(int, version.split("."))) >= (3, 8):
            found.setdefault(version, path)
    return found


def sum_up(case):
    """Adds up profile.kgrind: totals, and by function self and outgoing cost."""
    files, functions = {}, {}
    own, below, header = {}, {}, {}
    current = None
    calls = False

    def name(names, text):
        number, text = re.match(r"\((\d+)\)(?: (.*))?$", text).groups()
        if text is not None:
            assert number not in names, text
            names[number] = text
        return names[number]

    with open(case + "/profile.kgrind", encoding="utf-8") as f:
        assert f.readline() == "# callgrind format\n"
        for line in f:
            line = line.rstrip("\n")
            key, _, value = line.partition("=")
            if re.match(r"\d+ \d+$", line):
                cost = int(line.split()[1])
                table = below if calls else own
                table[current] = table.get(current, 0) + cost
                calls = False
            elif key == "fl":
                file = name(files, value)
            elif key == "fn":
                current = (file, name(functions, value))
                assert current not in own, current
            elif key == "cfl":
                name(files, value)
            elif key == "cfn":
                name(functions, value)
            elif key == "calls":
                assert int(value.split()[0]) > 0
                calls = True
            elif line:
                key, _, value = line.partition(": ")
                header[key] = value
    return header, own, below


def check_callgrind(case):
    header, own, below = sum_up(case)
    assert header["positions"] == "line" and header["events"] == "wall", header
    assert int(header["summary"]) == int(header["totals"]) == sum(own.values())
    rows = list(expected(case))
    assert len(rows) == len(own), "%s: functions share a name" % case
    for (file, line, qualname, _, self_ns, cum), key in zip(rows, own):
        assert key[0] == file, (key, file)
        assert own[key] == self_ns, (case, key)
        assert own[key] + below.get(key, 0) == cum, (case, key, own[key], below.get(key), cum)


def check_annotate(case):
    for options in ([], ["--inclusive=yes", "--tree=both"]):
        done = subprocess.run(["callgrind_annotate", "--threshold=100"] + options +
                              [os.path.abspath(case + "/profile.kgrind")], cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0 and not done.stderr, done.stderr.decode()
        assert b"PROGRAM TOTALS" in done.stdout


def check_go(case):
    file = case + "/profile.pb.gz"
    done = subprocess.run(["go", "tool", "pprof", "-raw", file], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=dict(os.environ, GOFLAGS="-mod=mod"))
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    text = done.stdout.decode()
    assert "calls/count wall/nanoseconds[dflt]" in text, text[:500]
    assert "Comment: GET /user/{id}" in text or "GET /user/{id}" in text
    done = subprocess.run(["go", "tool", "pprof", "-top", "-nodecount=1000000", "-nodefraction=0",
                           "-edgefraction=0", "-unit=ns", "-lines", file],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    got = {}
    for line in done.stdout.decode().splitlines():
        m = re.match(r"\s*(-?\d+)(?:ns)?\s+\S+\s+\S+\s+(-?\d+)(?:ns)?\s+\S+\s+(.*)", line)
        if m:
            got.setdefault(m.group(3), []).append((int(m.group(1)), int(m.group(2))))
    for file, line, qualname, _, own, cum in expected(case):
        if cum == 0:
            continue
        label = "%s %s:%d" % (qualname, file, line) if line else "%s %s" % (qualname, file)
        assert (own, cum) in got.get(label, []), (case, label, own, cum, got.get(label))


def main():
    if sys.argv[1] == "--pstats":
        os.chdir(sys.argv[2])
        for case in cases("."):
            check_pstats(case)
        return
    folder = os.path.abspath(sys.argv[1])
    asked = pythons()
    for path in asked.values():
        subprocess.run([path, os.path.abspath(__file__), "--pstats", folder], check=True)
    os.chdir(folder)
    for case in cases("."):
        check_callgrind(case)
        if shutil.which("callgrind_annotate"):
            check_annotate(case)
    for case in cases(".")[::3] + ["y-odd", "z-deep"]:
        if shutil.which("go"):
            check_go(case)
    print("asked pstats of", *sorted(asked, key=lambda v: tuple(map(int, v.split(".")))))
    for tool in ("callgrind_annotate", "go"):
        print("asked" if shutil.which(tool) else "not on this machine:", tool)


main()
