"""What cprof's exact mode adds to a request, over what the hook that returns at once adds:
the quotient of two differences of a tenth of a millisecond. So the three of it, unprofiled,
hook and exact, are measured in one process, in turns of a few requests, and differences are
taken within a turn: the speed of a shared core moves within seconds, a turn takes some
milliseconds. A process gives the quotient of the sums of its differences, without the
quarter of its turns with the lowest and the quarter with the highest times. Processes differ
in where their memory lies: there are some, and their median and interval is printed.
"""
import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time

from contenders import Calls, Ours, Plain
from interleaved import median_and_interval, pin

HERE = os.path.dirname(os.path.abspath(__file__))
PROCESSES, TURNS, REQUESTS = 8, 120, 3


def requests(work, contender):
    """CPU time of one. The first after switching is not measured: from 3.12 all its code
    is instrumented anew, and each call path is met."""
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
    contenders = [Plain(), Calls(), Ours("exact")]
    for contender in contenders * 5:
        requests(work, contender)
    costs = []
    for turn in range(turns):
        if turn % 10 == 0:
            gc.enable()
            gc.collect()
            gc.disable()
        # Whoever comes second comes first the next time.
        order = list(range(3)) if turn % 2 else list(range(3))[::-1]
        found = {which: requests(work, contenders[which]) for which in order}
        costs.append([found[which] for which in range(3)])
    print(json.dumps(costs))


def ordinary(costs):
    """Without the turns that something else took part in, or that nothing else did."""
    ordered = sorted(costs, key=sum)
    quarter = len(ordered) // 4
    return ordered[quarter:len(ordered) - quarter]


def quotient(costs):
    """(what exact adds over what the hook adds, ns the hook adds)"""
    kept = ordinary(costs)
    hook = sum(hook - none for none, hook, _ in kept)
    return sum(exact - none for none, _, exact in kept) / hook, hook / len(kept)


def measure(workload, processes=PROCESSES, turns=TURNS):
    """[(quotient, ns that the hook adds)] of each process."""
    command = [sys.executable, os.path.abspath(__file__), "--worker", workload, "--turns", str(turns)]
    found = []
    for _ in range(processes):
        out = subprocess.check_output(command, env=dict(os.environ, PYTHONHASHSEED="0"))
        found.append(quotient(json.loads(out.decode())))
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
    print("| | exact over the hook (lowest-highest) | the hook adds, us |\n|---|---|---|")
    for workload in "flask", "django":
        found = measure(workload, args.processes, args.turns)
        print("| %s | %.2f (%.2f-%.2f) | %.0f |" % (
            (workload,) + median_and_interval([over for over, _ in found]) +
            (statistics.median(added for _, added in found) / 1e3,)))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
