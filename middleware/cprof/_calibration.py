"""Calls of all kinds that do nothing, or next to nothing: what tracing adds to them is what
tracing costs."""


def nothing():
    pass


def argument(_):
    pass


class Methods:
    def nothing(self):
        pass


def empty_loop(n):
    for _ in range(n):
        pass


def python_loop(n):
    for _ in range(n):
        nothing()


def argument_loop(n):
    for _ in range(n):
        argument(n)


def python_method_loop(n):
    methods = Methods()
    for _ in range(n):
        methods.nothing()


def len_loop(n):
    nothing = ()
    for _ in range(n):
        len(nothing)


def callable_loop(n):
    for _ in range(n):
        callable(n)


def hasattr_loop(n):
    for _ in range(n):
        hasattr(n, "real")


def get_loop(n):
    nothing = {}
    for _ in range(n):
        nothing.get(n)


def isalpha_loop(n):
    nothing = ""
    for _ in range(n):
        nothing.isalpha()


def count_loop(n):
    nothing = ()
    for _ in range(n):
        nothing.count(n)
