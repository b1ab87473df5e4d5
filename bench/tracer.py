"""What tracing adds to a request, as a share of what cProfile adds to it, and per
call to small workloads. CPU time, in turns on one core, over a fixed loop beside;
see interleaved.py.
"""
import argparse
import os
import statistics
import sys

import over_hook
from interleaved import CONTENDERS, left_out, median_and_interval, pin, run
from workloads import MICRO

PEERS = ["none", "hook that returns", "hook that reads the clock", "frame hook that returns", "cprof exact", "cprof fast",
         "cProfile", "cProfile(builtins=False)", "yappi wall", "yappi cpu", "viztracer",
         "pyinstrument 1 ms"]
LARGE = ["none", "cprof exact", "cprof fast", "cprof app", "cProfile", "pyinstrument 1 ms"]
LIMITS = ["none", "hook that returns", "frame hook that returns", "cprof exact", "cprof fast",
          "cprof app", "cProfile"]
PAGES = {"flask": PEERS, "django": PEERS, "2,000 functions": LARGE}
TITLES = {
    "flask": "A Flask request that renders a Jinja template",
    "django": "A Django template view through WSGIHandler",
    "2,000 functions": "A request of an application of 2,000 functions, 30 % of all calls in them",
}


def cell(values, form):
    median, low, high = median_and_interval(values)
    return "%s (%s-%s)" % (form % median, form % low, form % high)


def page(workload, profilers, runs, rounds):
    results = [run(workload, profilers, rounds) for _ in range(runs)]
    python_calls, c_calls = results[0]["calls"]
    print("\n### %s\n" % TITLES[workload])
    print("%d calls of Python functions, %d of C functions; unprofiled %.2f ms.\n" % (
        python_calls, c_calls,
        statistics.median(r["figures"]["none"]["off"] for r in results) / 1e6))
    left_out(profilers, results[0]["figures"])
    print("| | of the request | added, share of cProfile's | over the hook that returns |")
    print("|---|---|---|---|")
    apart = {}
    if "hook that returns" in profilers:
        _, apart["hook that reads the clock"], apart["cprof exact"] = \
            zip(*over_hook.measure(workload))
    for name in profilers:
        if name == "none" or name not in results[0]["figures"]:
            continue
        figures = [r["figures"] for r in results]
        request = cell([f[name]["on"] / f[name]["off"] for f in figures], "%.2f")
        share = cell([f[name]["added"] / f["cProfile"]["added"] for f in figures], "%.3f")
        over = cell(apart[name], "%.2f") if name in apart else ""
        print("| %s | %s | %s | %s |" % (name, request, share, over))
    sys.stdout.flush()


def micro(runs, rounds):
    profilers = ["none", "hook that returns", "cprof exact", "cprof fast", "cProfile",
                 "yappi wall", "viztracer", "pyinstrument 1 ms"]
    print("\n### Call-heavy work: ns added per call (share of cProfile's)\n")
    print("| | calls | " + " | ".join(profilers[1:]) + " |")
    print("|---" * (len(profilers) + 1) + "|")
    for workload in MICRO:
        results = [run(workload, profilers, rounds) for _ in range(runs)]
        ncalls = sum(results[0]["calls"])
        row = []
        for name in profilers[1:]:
            if name not in results[0]["figures"]:
                row.append("-")
                continue
            added = statistics.median(r["figures"][name]["added"] for r in results)
            peer = statistics.median(r["figures"]["cProfile"]["added"] for r in results)
            row.append("%.0f (%.2f)" % (added / ncalls, added / peer))
        print("| %s | %d | %s |" % (workload, ncalls, " | ".join(row)))
        sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limits", action="store_true",
                        help="leave out the peers that no limit is set by: a third of the time")
    parser.add_argument("--only", choices=list(PAGES) + ["micro"], action="append")
    args = parser.parse_args()
    assert set(PEERS) | set(LARGE) == set(CONTENDERS)
    pin()
    print("CPython %s, load %.1f: median of %d runs of %d rounds (lowest-highest)" % (
        sys.version.split()[0], os.getloadavg()[0], args.runs, args.rounds))
    for workload, profilers in PAGES.items():
        if args.limits:
            profilers = [name for name in profilers if name in LIMITS]
        if not args.only or workload in args.only:
            page(workload, profilers, args.runs, args.rounds)
    if "micro" in args.only if args.only else not args.limits:
        micro(max(1, args.runs // 3), args.rounds)


if __name__ == "__main__":
    main()
