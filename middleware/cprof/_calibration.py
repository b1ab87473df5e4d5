"""Calls that do nothing: what tracing adds to them is what tracing costs."""

from cprof._cprof import _nothing


def nothing():
    pass


def empty_loop(n):
    for _ in range(n):
        pass


def python_loop(n):
    for _ in range(n):
        nothing()


def c_loop(n):
    for _ in range(n):
        _nothing()


def len_loop(n):
    nothing = ()
    for _ in range(n):
        len(nothing)


def method_loop(n):
    nothing = {}
    for _ in range(n):
        nothing.get(n)
