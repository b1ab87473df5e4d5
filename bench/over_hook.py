"""What cprof's exact mode adds to a request, over what the hook that returns at once adds:
the quotient of two differences of a tenth of a millisecond. So those it is made of,
unprofiled, hook and exact, are measured in one process, in turns of some milliseconds: the
speed of a shared core moves within seconds. Each is a low quantile of its turns, what was
left of them when nothing else took part. Processes differ in where their memory lies: there
are some, and the median of their quotients and the interval is printed. A hook that reads the
clock and does nothing else stands beside it.
"""
import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time

from contenders import Calls, Ours, Plain, TimedCalls
from interleaved import median_and_interval, pin

HERE = os.path.dirname(os.path.abspath(__file__))
PROCESSES, TURNS, REQUESTS = 8, 40, 20
QUANTILE = 0.2


def requests(work, contender):
    """CPU time of one. The first after switching is not measured, and of those after it
    there are many: from 3.12 all code is instrumented anew, and specialised again only after
    some more requests."""
    contender.start()
    work()
    start = time.thread_time_ns()
    for _ in range(REQUESTS):
        work()
    cost = time.thread_time_ns() - start
    contender.stop()
    return cost / REQUESTS


def worker(workload, turns):
    import workloads

    work = workloads.make(workload)
    contenders = [Plain(), Calls(), TimedCalls(), Ours("exact")]
    for contender in contenders * 5:
        requests(work, contender)
    costs = []
    for turn in range(turns):
        if turn % 10 == 0:
            gc.enable()
            gc.collect()
            gc.disable()
        # Whoever comes second comes first the next time.
        order = range(len(contenders))[::1 if turn % 2 else -1]
        found = {which: requests(work, contenders[which]) for which in order}
        costs.append([found[which] for which in range(len(contenders))])
    print(json.dumps(costs))


def quotients(costs):
    """(ns the hook adds, what adds over that: reading the clock in it, exact)"""
    none, hook, timed, exact = (sorted(column)[int(len(column) * QUANTILE)]
                                for column in zip(*costs))
    return hook - none, (timed - none) / (hook - none), (exact - none) / (hook - none)


def measure(workload, processes=PROCESSES, turns=TURNS):
    """The quotients of each process."""
    command = [sys.executable, os.path.abspath(__file__), "--worker", workload, "--turns", str(turns)]
    found = []
    for _ in range(processes):
        out = subprocess.check_output(command, env=dict(os.environ, PYTHONHASHSEED="0"))
        found.append(quotients(json.loads(out.decode())))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--worker")
    args = parser.parse_args()
    if args.worker:
        worker(args.worker, args.turns)
        return
    pin()
    print("\n### Exact, added over what the hook adds; CPython %s, %d processes of %d turns\n" % (
        sys.version.split()[0], args.processes, args.turns))
    print("| | exact over the hook (lowest-highest) | a hook that only reads the clock, over it | the hook adds, us |")
    print("|---|---|---|---|")
    for workload in "flask", "django":
        hook, timed, exact = zip(*measure(workload, args.processes, args.turns))
        print("| %s | %.2f (%.2f-%.2f) | %.2f (%.2f-%.2f) | %.0f |" % (
            (workload,) + median_and_interval(exact) + median_and_interval(timed) +
            (statistics.median(hook) / 1e3,)))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
