"""Files that other profilers write of one piece of work: make_foreign.py FOLDER."""
import cProfile
import os
import profile
import sys

import pyinstrument
import yappi
from pyinstrument.renderers import PstatsRenderer, SpeedscopeRenderer


class Shape:
    def area(self):
        return sum(range(50))


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ping(n):
    return n and pong(n - 1)


def pong(n):
    return n and ping(n - 1)


def work():
    fib(14)
    ping(30)
    return sorted((Shape().area() for _ in range(30)), key=lambda value: -value)


os.chdir(sys.argv[1])

for name, profiler in ("cprofile", cProfile.Profile()), ("profile", profile.Profile()):
    profiler.runcall(work)
    profiler.dump_stats(name + ".prof")

yappi.start()
work()
yappi.stop()
stats = yappi.get_func_stats()
stats.save("yappi.prof", "pstat")
stats.save("yappi.kgrind", "callgrind")

with pyinstrument.Profiler(interval=0.0005) as profiler:
    for _ in range(100):
        work()
with open("pyinstrument.prof", "w", encoding="utf-8", errors="surrogateescape") as file:
    file.write(profiler.output(PstatsRenderer()))
with open("pyinstrument.speedscope.json", "w", encoding="utf-8") as file:
    file.write(profiler.output(SpeedscopeRenderer()))
