"""A repository with many stored runs: how long it takes to see which there are, and to
read those of the newest commits and of all. Beside `git log` over the same commits.

    bench/run history [--runs N] [--rounds N]
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

FUNCTIONS = 300
ROUTES = "/", "/orders", "/user/{id}"


def git(folder, *args, stdin=None):
    return subprocess.run(["git", "-C", folder] + list(args), input=stdin, check=True,
                          stdout=subprocess.PIPE).stdout.decode()


def fast_import(folder, lines):
    marks = os.path.join(folder, "marks")
    git(folder, "fast-import", "--quiet", "--export-marks=" + marks, stdin="".join(lines).encode())
    with open(marks) as file:
        return dict(line.split() for line in file)


def summary(number, commit):
    """Of five requests to each route, with counts that change now and then."""
    grown = number // 100
    ids = ["%08x" % (index * 2654435761 % 2**32) for index in range(FUNCTIONS)]
    functions = [{"id": id, "origin": "app", "file": "app/views.py",
                  "name": "f%03d" % index, "line": index} for index, id in enumerate(ids)]
    groups = [{
        "method": "GET", "route": route, "route_is_template": True, "warm": True, "cold": 1, "lost": 0,
        "failed": False, "calls": [FUNCTIONS * 3 + grown] * 5,
        "values": [[12000000 + 1000 * ((number * 7 + k * 13) % 100) for k in range(5)]],
        "functions": [{"id": id, "calls": 3 + (index == 0) * grown, "self": [40000 + number],
                       "cum": [50000]} for index, id in enumerate(ids)],
        "entry": {ids[0]: 1},
    } for route in ROUTES]
    return {
        "schema": 1, "name": "run%05d" % number, "created_ns": (1700000000 + number * 600) * 10**9,
        "commit": commit, "branch": "main", "dirty": False, "python": "3.11",
        "implementation": "CPython", "mode": "exact", "sampled": False,
        "machine": "4310fed122889bc5", "outcome": "passed", "metrics": [["wall", "nanoseconds"]],
        "functions": functions, "groups": groups,
    }


def signature(number):
    return "committer A <a@example.org> %d +0000\ndata 2\nx\n" % (1700000000 + number * 600)


def data(text):
    return "data %d\n%s\n" % (len(text), text)


def make(folder, runs):
    git(folder, "init", "-q", ".")
    marks = fast_import(folder, ["commit refs/heads/main\nmark :%d\n%s\n" % (n + 1, signature(n))
                                 for n in range(runs)])
    git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    lines, shards = [], {}
    for number in range(runs):
        commit = marks[":%d" % (number + 1)]
        lines.append("blob\nmark :%d\n%s" % (number + 1, data(json.dumps(summary(number, commit), indent=0))))
        path = "%s/%d.passed.run%05d/summary.json" % (commit, 1700000000 + number * 600, number)
        shards.setdefault(commit[:2], []).append("M 100644 :%d %s\n" % (number + 1, path))
    for shard, files in shards.items():
        lines.append("commit refs/cprof/runs/%s\n%s%s\n" % (shard, signature(runs), "".join(files)))
    fast_import(folder, lines)
    git(folder, "repack", "-adq")


def measure(command, folder, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make(folder, options.runs)
        size = int(git(folder, "count-objects", "-v").split("size-pack: ")[1].split()[0]) / 1024
        print("\n%d stored runs of %d functions and %d routes: %.1f MB packed"
              % (options.runs, FUNCTIONS, len(ROUTES), size))
        log = ["cprof", "log", "--dir", os.path.join(folder, "none"), "--repo", folder, "GET /user/{id}"]
        rows = [
            ("git log, all commits", ["git", "log", "--oneline"]),
            ("cprof log -n 1: the list, and two runs", log + ["-n", "1"]),
            ("cprof log -n 20", log + ["-n", "20"]),
            ("cprof log -n 0: all", log + ["-n", "0"]),
        ]
        for name, command in rows:
            rounds = 1 if command[-1] == "0" else options.rounds
            print("  %-40s %7.3f s" % (name, measure(command, folder, rounds)))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
