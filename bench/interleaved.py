"""Profilers beside each other on one workload: a process each (worker.py), all on
one core, measured in turns and once more after every other has been."""
import json
import os
import statistics
import subprocess
import sys

from contenders import CONTENDERS, STAYS_ON

HERE = os.path.dirname(os.path.abspath(__file__))
ENOUGH = 8e6  # ns of unprofiled work in one measurement


def pin():
    """To the last core we may use; children inherit it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


class Worker:
    def __init__(self, workload, profiler):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "worker.py"), workload, profiler],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True,
            env=dict(os.environ, PYTHONHASHSEED="0"))
        self.missing = self._answer().get("missing")

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench: a worker ended with %s" % self.process.wait())
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def run(workload, profilers, rounds):
    """One run: {profiler: {"off", "on", "added"}} in ns, and {"calls": ...}. Those
    that cannot be had are left out."""
    workers = {name: Worker(workload, name) for name in profilers}
    for name in [name for name, worker in workers.items() if worker.missing]:
        workers.pop(name).close()
    none = workers["none"]
    first = none.ask("off 1")
    reference = [first["reference"]]
    count = "%d" % max(1, round(ENOUGH / (first["cost"] * first["reference"])))
    calls = none.ask("calls")
    off = {name: [] for name in workers}
    on = {name: [] for name in workers}
    # How a process differs from the first in nothing but where its memory lies:
    # asked of those that cannot be asked later.
    staying = {}
    for name in STAYS_ON & set(workers):
        pairs = [(workers[name].ask("off " + count)["cost"], none.ask("off " + count)["cost"])
                 for _ in range(rounds)]
        staying[name] = statistics.median(own / other for own, other in pairs)
    for _ in range(rounds):
        for name, worker in workers.items():
            if name in staying:
                before = none.ask("off " + count)
                before["cost"] *= staying[name]
            else:
                before = worker.ask("off " + count)
            after = worker.ask("on " + count)
            off[name].append(before["cost"])
            on[name].append(after["cost"])
            reference += [before["reference"], after["reference"]]
    for worker in workers.values():
        worker.close()
    ns = statistics.median(reference)
    return {"calls": calls, "figures": {
        name: {"off": statistics.median(off[name]) * ns,
               "on": statistics.median(on[name]) * ns,
               "added": statistics.median(b - a for a, b in zip(off[name], on[name])) * ns}
        for name in workers}}


def median_and_interval(values):
    return statistics.median(values), min(values), max(values)


def left_out(profilers, figures):
    gone = [name for name in profilers if name not in figures]
    if gone:
        print("not installed here, and left out: " + ", ".join(gone))


__all__ = ["CONTENDERS", "left_out", "median_and_interval", "pin", "run"]
