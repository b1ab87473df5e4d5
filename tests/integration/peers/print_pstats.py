"""Run by each CPython: print_pstats.py KIND FILE. Profiles odd things by KIND, cProfile,
profile or a sum of several, into FILE; then reads cases from standard input, and prints as JSON what
pstats prints for each."""
import importlib
import io
import json
import pstats
import sys


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ping(n):
    return n and pong(n - 1)


def pong(n):
    return n and ping(n - 1)


def naïve():
    return sorted([sum([1, n]) for n in range(30)], key=lambda value: -value)


def work():
    fib(7)
    ping(6)
    naïve()
    json.loads(json.dumps({"a": [1, 2, {"b": None}]}))
    for name in "one", "two":  # two functions that are one without their folders
        exec(compile("def same(n):\n    return n and same(n - 1)\nsame(3)", "/%s/x.py" % name, "exec"), {})


def main():
    kind, path = sys.argv[1:]
    profiler = importlib.import_module("cProfile" if kind == "merged" else kind).Profile()
    profiler.runcall(work)
    profiler.dump_stats(path)
    if kind == "merged":  # sums of doubles, no whole nanoseconds
        pstats.Stats(path, path, path).dump_stats(path)
    texts = []
    for sort, reverse, strip, what, restrictions in json.load(sys.stdin):
        out = io.StringIO()
        stats = pstats.Stats(path, stream=out)
        if strip:
            stats.strip_dirs()
        if sort:
            stats.sort_stats(*sort.split(","))
        if reverse:
            stats.reverse_order()
        getattr(stats, "print_" + what)(*restrictions)
        texts.append(out.getvalue())
    json.dump(texts, sys.stdout)


if __name__ == "__main__":
    main()
