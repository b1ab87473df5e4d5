"""One workload under one profiler, in a process of its own that measures when it
is told to: what a profiler leaves behind is no other's. Commands come on standard
input, one answer each as a line of JSON:

    calls          how many Python and C functions the work calls
    off COUNT      CPU time of the work, unprofiled, over that of a fixed loop
    on COUNT       the same, profiled

The fixed loop runs before and after: the speed of a shared processor changes by a
factor of two within seconds.
"""
import gc
import json
import sys
import time

import contenders
import workloads


def reference():
    table = {}
    start = time.thread_time_ns()
    for i in range(12000):
        key = "%d" % (i & 255)
        table[key] = table.get(key, 0) + i
    return time.thread_time_ns() - start


def measure(work, count, contender):
    gc.collect()
    gc.disable()
    before = reference()
    contender.start()
    if count > 1:
        work()
    start = time.thread_time_ns()
    for _ in range(count):
        work()
    cost = time.thread_time_ns() - start
    contender.stop()
    after = reference()
    gc.enable()
    return {"cost": cost / count / ((before + after) / 2), "reference": (before + after) / 2}


def main():
    name, profiler = sys.argv[1:]
    try:
        contender = contenders.CONTENDERS[profiler]()
    except ImportError as exc:
        print(json.dumps({"missing": str(exc)}), flush=True)
        return
    work = workloads.make(name)
    print(json.dumps({}), flush=True)
    plain = contenders.Plain()
    for line in sys.stdin:
        command, *args = line.split()
        if command == "calls":
            answer = workloads.calls(work)
        else:
            answer = measure(work, int(args[0]), contender if command == "on" else plain)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
