"""Run by each CPython: make_prof.py FILE. cProfile's own profile.prof of odd
things, and on standard output the table that pstats prints for it."""
import cProfile
import io
import pstats
import sys


class Shape:
    def __init__(self, sides):
        self.sides = sides

    def area(self):
        return sum(self.sides)


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ping(n):
    return n and pong(n - 1)


def pong(n):
    return n and ping(n - 1)


def naïve():
    return sorted([Shape([1, n]).area() for n in range(30)], key=lambda value: -value)


def fails():
    try:
        {}["nothing"]
        int("x")
    except (KeyError, ValueError):
        return "".join(map(str, range(5)))


def work():
    fib(11)
    ping(20)
    naïve()
    fails()
    list(number for number in range(20))
    eval(compile("sum(x * x for x in range(9))", "<a \"made up\" name>", "eval"))


profile = cProfile.Profile()
profile.runcall(work)
profile.dump_stats(sys.argv[1])
table = io.StringIO()
pstats.Stats(sys.argv[1], stream=table).sort_stats("time").print_stats()
sys.stdout.buffer.write(table.getvalue().encode("utf-8"))
