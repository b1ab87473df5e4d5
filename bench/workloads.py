"""What is measured, by name: a function that does it once, made in the process
that runs it."""
import os
import sys
import tempfile

import pages


def fib():
    def f(n):
        return n if n < 2 else f(n - 1) + f(n - 2)
    return lambda: f(17)


def methods():
    class Account:
        def __init__(self, balance):
            self._balance = balance

        @property
        def balance(self):
            return self._balance

        def add(self, amount):
            self._balance = self.balance + amount
            return self

    def work():
        for i in range(800):
            Account(i).add(1).add(2)
    return work


def builtins():
    def work():
        words = []
        for i in range(1500):
            words.append(str.upper("word"))
            len(words), isinstance(i, int), abs(i)
    return work


def generators():
    def numbers(n):
        for i in range(n):
            yield i

    def even(source):
        for i in source:
            if i % 2 == 0:
                yield i

    def work():
        for _ in range(10):
            sum(even(numbers(200)))
    return work


def exceptions():
    def fail(depth):
        if depth == 0:
            raise KeyError("x")
        fail(depth - 1)

    def work():
        for _ in range(400):
            try:
                fail(3)
            except KeyError:
                pass
    return work


MICRO = {"recursion": fib, "small methods": methods, "many builtins": builtins,
         "generators": generators, "exceptions": exceptions}


def flask():
    return pages.client(*pages.flask_page())


def django():
    return pages.client(*pages.django_page())


def application():
    folder = tempfile.mkdtemp(prefix="cprof-bench-")
    os.chdir(folder)
    return pages.client(*pages.large_application(folder))


PAGES = {"flask": flask, "django": django, "2,000 functions": application}


def make(name):
    """The work, warm."""
    here = os.getcwd()
    work = dict(MICRO, **PAGES)[name]()
    assert name == "2,000 functions" or os.getcwd() == here, sys.argv
    for _ in range(30):
        work()
    return work


def calls(work):
    """(calls, primitive or not, of Python functions; of C functions), as cProfile counts."""
    import cProfile
    profile = cProfile.Profile()
    profile.enable()
    work()
    profile.disable()
    counts = [0, 0]
    for entry in profile.getstats():
        counts[isinstance(entry.code, str)] += entry.callcount
    counts[1] -= 1  # disable()
    return tuple(counts)
