"""Instructions under valgrind's callgrind, which do not depend on the machine's
mood: per call of small workloads, and per request where the middleware is
installed but does not profile."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
HOT = ["none", "hook that returns", "frame hook that returns", "cprof exact", "cprof fast",
       "cprof app", "cProfile"]
WORK = ["recursion", "many builtins", "2,000 functions"]


def self_cost(path):
    """Instructions by object file, from callgrind's file: a line of cost starts with
    its position; the one after a calls= line is the callee's."""
    names, costs, where, skip = {}, {}, "", False
    with open(path, errors="replace") as lines:
        for line in lines:
            match = re.match(r"ob=\((\d+)\)(?: (.*))?", line)
            if match:
                number, name = match.groups()
                names.setdefault(number, name)
                where = os.path.basename(names[number])
            elif line.startswith(("cob=", "cfi=", "cfl=", "cfn=")):
                match = re.match(r"cob=\((\d+)\) (.*)", line)
                if match:
                    names.setdefault(*match.groups())
            elif line.startswith("calls="):
                skip = True
            elif re.match(r"[+\-*\d]", line):
                if not skip:
                    costs[where] = costs.get(where, 0) + int(line.split()[1])
                skip = False
    return costs


def count(workload, profiler, times, keep=None):
    """(instructions of one time: all, those in our extension; calls it makes)"""
    with tempfile.TemporaryDirectory() as folder:
        out = keep or os.path.join(folder, "callgrind.out")
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=floor_measured",
             "--callgrind-out-file=" + out, sys.executable,
             os.path.join(HERE, "counted.py"), workload, profiler, str(times)],
            env=dict(os.environ, PYTHONHASHSEED="0", TMPDIR=folder), check=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        costs = self_cost(out)
    ours = sum(cost for name, cost in costs.items() if name.startswith("_cprof"))
    return sum(costs.values()) / times, ours / times, int(run.stdout)


def per_call():
    print("\n### Instructions added per call (of them in cprof's own code)\n")
    print("| | " + " | ".join(HOT[1:]) + " |")
    print("|---" * len(HOT) + "|")
    for workload in WORK:
        plain, _, ncalls = count(workload, "none", 2)
        row = []
        for profiler in HOT[1:]:
            whole, ours, _ = count(workload, profiler, 2)
            own = " (%.0f)" % (ours / ncalls) if ours else ""
            row.append("%.0f%s" % ((whole - plain) / ncalls, own))
        print("| %s: %d calls, %.0f each | %s |" % (workload, ncalls, plain / ncalls,
                                                   " | ".join(row)))
        sys.stdout.flush()


def shares():
    """What limits are set for in seconds, in instructions: they are the same each time."""
    print("\n### Instructions that a request comes to, thousands\n")
    print("| | unprofiled | hook that returns adds | cprof exact adds (its own code) | over the hook"
          " | share of cProfile's | fast, share of cProfile's |")
    print("|---" * 7 + "|")
    for workload in "flask", "django":
        plain, _, ncalls = count(workload, "none", 2)
        hook, exact, fast, theirs = (count(workload, profiler, 2) for profiler in (
            "hook that returns", "cprof exact", "cprof fast", "cProfile"))
        added = [whole - plain for whole, _, _ in (hook, exact, fast, theirs)]
        print("| %s, %d calls | %.0f | %.0f | %.0f (%.0f) | %.2f | %.2f | %.2f |" % (
            workload, ncalls, plain / 1e3, added[0] / 1e3, added[1] / 1e3, exact[1] / 1e3,
            added[1] / added[0], added[1] / added[3], added[2] / added[3]))
        sys.stdout.flush()


def per_request():
    bare, _, _ = count("request/bare", "none", 10)
    print("\n### Instructions the middleware adds to a request it does not profile\n")
    print("| | added to %.0f |\n|---|---|" % bare)
    for how, title in ("off", "CPROF_DISABLE=1"), ("sampled out", "sample=0"):
        print("| %s | %.0f |" % (title, count("request/" + how, "none", 10)[0] - bare))


def main():
    if len(sys.argv) > 2:
        # WORKLOAD PROFILER FILE: for callgrind_annotate.
        print("%.0f instructions, %.0f ours, %d calls" % count(sys.argv[1], sys.argv[2], 2,
                                                               sys.argv[3]))
        return
    if len(sys.argv) > 1:
        # "shares", ... : that table alone.
        globals()[sys.argv[1]]()
        return
    shares()
    per_call()
    per_request()


if __name__ == "__main__":
    main()
