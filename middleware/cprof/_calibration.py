"""Calls that do nothing: what tracing adds to them is what tracing costs."""

def nothing():
    pass


def empty_loop(n):
    for _ in range(n):
        pass


def python_loop(n):
    for _ in range(n):
        nothing()


def len_loop(n):
    nothing = ()
    for _ in range(n):
        len(nothing)


def method_loop(n):
    nothing = {}
    for _ in range(n):
        nothing.get(n)
