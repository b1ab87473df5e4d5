"""Things for a profiler to count: each does the same every time."""

import contextlib
import copy
import functools
import itertools
import json
import operator
import re
import string
import types

WORKLOADS = []


def workload(function):
    WORKLOADS.append(function)
    return function


# --- recursion


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@workload
def direct_recursion():
    fib(10)


def is_even(n):
    return n == 0 or is_odd(n - 1)


def is_odd(n):
    return n != 0 and is_even(n - 1)


@workload
def mutual_recursion():
    is_even(9)
    is_odd(4)


def depth(tree):
    return 1 + max(map(depth, tree), default=0)


@workload
def recursion_through_c():
    depth([[], [[], [[]]]])


@functools.lru_cache(maxsize=None)
def _remembered(n):
    return n if n < 2 else _remembered(n - 1) + _remembered(n - 2)


@workload
def recursion_through_a_cache():
    _remembered.cache_clear()
    _remembered(12)


def _nested_key(rows):
    return sorted(rows, key=_nested_key)


@workload
def recursion_through_sorted():
    _nested_key([[[], []], [[]], []])


# --- generators and coroutines


def count_to(n):
    for i in range(n):
        yield i


def delegate(n):
    got = yield from count_to(n)
    yield got


@workload
def generators():
    list(count_to(5))
    list(delegate(3))
    sum(x * x for x in count_to(4))
    zip(count_to(2), count_to(2)).__next__()


def echo():
    got = None
    while True:
        try:
            got = yield got
        except KeyError:
            got = "key"
        except GeneratorExit:
            cleanup()
            raise


def cleanup():
    pass


@workload
def generator_send_throw_close():
    g = echo()
    next(g)
    g.send(1)
    g.throw(KeyError("k"))
    g.close()
    g = echo()
    next(g)
    try:
        g.throw(ValueError("v"))
    except ValueError:
        pass
    # Never begun: closing runs none of its code.
    echo().close()


@workload
def generator_left_through_an_outer_one():
    def outer():
        yield from echo()

    g = outer()
    next(g)
    try:
        g.throw(ValueError)
    except ValueError:
        pass


class Awaitable:
    def __await__(self):
        return (yield "waiting")


async def inner(n):
    for _ in range(n):
        await Awaitable()
    return n


async def outer(n):
    return await inner(n) + await inner(1)


async def numbers(n):
    for i in range(n):
        await Awaitable()
        yield i


async def collect(n):
    async with contextlib.AsyncExitStack():
        return [i async for i in numbers(n)]


def drive(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


@workload
def coroutines():
    assert drive(outer(3)) == 4
    assert drive(collect(3)) == [0, 1, 2]


@workload
def coroutine_thrown_into_and_closed():
    c = outer(2)
    c.send(None)
    try:
        c.throw(ValueError("v"))
    except ValueError:
        pass
    c = outer(2)
    c.send(None)
    c.close()


# --- exceptions


def fail(*_):
    raise ValueError("v")


def through(f, *args):
    return f(*args)


@workload
def exceptions_through_python():
    for _ in range(3):
        try:
            through(through, through, fail)
        except ValueError:
            pass


@workload
def exceptions_through_c():
    for f in (lambda: list(map(fail, [1])), lambda: sorted([2, 1], key=fail),
              lambda: functools.reduce(fail, [1, 2]), lambda: max([1], key=fail),
              lambda: json.dumps(object(), default=fail),
              lambda: re.sub("a", fail, "a"), lambda: next(iter(fail, None))):
        try:
            f()
        except ValueError:
            pass


@workload
def c_functions_that_raise():
    for f, args in ((len, [1]), ({}.pop, ["x"]), ([].remove, [1]), (getattr, [1, "x"]),
                    ("".join, [[1]]), (chr, [-1]), ([].append, [])):
        try:
            f(*args)
        except (TypeError, KeyError, ValueError, AttributeError):
            pass


@workload
def finally_and_else():
    def f(n):
        try:
            if n:
                fail()
        except ValueError:
            return cleanup()
        else:
            return cleanup()
        finally:
            cleanup()

    f(0)
    f(1)


@workload
def context_managers():
    @contextlib.contextmanager
    def managed():
        try:
            yield 1
        finally:
            cleanup()

    with managed():
        pass
    with contextlib.suppress(ValueError), managed():
        fail()


# --- classes


class Finalised:
    def __del__(self):
        cleanup()


@workload
def finalisers():
    Finalised()
    things = [Finalised(), Finalised()]
    things.pop()
    things.clear()


class Meta(type):
    def __call__(cls, *args):
        return super().__call__(*args)

    def __instancecheck__(cls, instance):
        return True


class Base(metaclass=Meta):
    __slots__ = ("value", "__dict__")

    def __init_subclass__(cls, **kwargs):
        cleanup()

    def __new__(cls, *args):
        return super().__new__(cls)

    def __init__(self, value=0):
        self.value = value

    def __getattr__(self, name):
        return len(name)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)

    def __eq__(self, other):
        return self.value == other.value

    def __hash__(self):
        return hash(self.value)

    def __lt__(self, other):
        return self.value < other.value

    def __len__(self):
        return self.value

    def __getitem__(self, i):
        if i >= self.value:
            raise IndexError
        return i

    def __call__(self, x):
        return x

    def __format__(self, spec):
        return str(self.value)

    @property
    def double(self):
        return self.value * 2

    @staticmethod
    def static():
        return abs(-1)

    @classmethod
    def made(cls, *args):
        return cls(*args)


@workload
def classes():
    class Derived(Base):
        def __init__(self, value=1):
            super().__init__(value)

    things = [Derived(3), Base(2), Derived.made(1), Base()]
    things.sort()
    sorted(things, reverse=True)
    assert {*things} and things[0] in things
    things.index(things[-1])
    things[3].double, things[3].missing, Base.static(), things[1].static()
    f"{things[0]:x}" "{:x}".format(things[1])
    list(things[3])
    len(things[3]), things[3](1), bool(things[0])
    isinstance(1, Base), hash(things[0]), things[0] == things[1]


class Descriptor:
    def __get__(self, obj, owner):
        return self if obj is None else functools.partial(fib, 2)

    def __set__(self, obj, value):
        cleanup()

    def __set_name__(self, owner, name):
        cleanup()


@workload
def descriptors():
    class Owner:
        d = Descriptor()
        cached = functools.cached_property(lambda self: fib(1))

    o = Owner()
    o.d()
    o.d = 1
    Owner.d
    o.cached, o.cached


# --- calls by way of C


@workload
def callbacks():
    list(map(fib, range(4)))
    list(filter(is_even, range(4)))
    functools.reduce(operator.add, range(4))
    functools.reduce(lambda a, b: a + b, range(4))
    sorted(range(4), key=lambda n: -n)
    min(range(4), key=fib)
    list(itertools.starmap(pow, [(2, 2), (3, 2)]))
    list(iter(iter([1, 2, 0]).__next__, 0))
    functools.partial(fib, 3)()
    re.sub("[a-c]", lambda m: m.group().upper(), "abcd")
    json.dumps({"a": [1, {2: object()}]}, default=lambda o: "o")
    types.MethodType(fib, 2)()


@functools.singledispatch
def dispatched(arg):
    return 0


@dispatched.register(int)
def _(arg):
    return fib(arg)


@workload
def single_dispatch():
    dispatched("x")
    dispatched(2)
    dispatched(True)


@workload
def builtins():
    rows = [3, 1, 2]
    len(rows), abs(-1), max(rows), sum(rows), sorted(rows), repr(rows), hash("x"), id(rows)
    rows.append(4), rows.sort(), rows.pop(), rows.index(1), rows.copy(), rows.__contains__(1)
    list.append(rows, 5), str.join(",", "ab"), "x".join("ab"), "{}".format(1), "a b".split()
    d = dict(a=1)
    d.get("a"), d.setdefault("b", 2), d.items(), d.update(c=3), dict.fromkeys("ab")
    getattr(rows, "append")(1), object.__repr__(rows), (1).__add__(2), "%s" % rows
    int("3"), list("ab"), dict(), tuple(), type(1), object(), isinstance(1, int), print(end="")
    bytes.fromhex("ff"), int.from_bytes(b"a", "big"), str.maketrans("a", "b"), "a".encode()


@workload
def comprehensions():
    [cleanup() for _ in range(2)]
    {len("x") for _ in range(2)}
    {i: abs(i) for i in range(2)}
    # On two lines: on one they share file, line and name, and are one function.
    [
        [fib(j) for j in range(i)]
        for i in range(3)]
    list(fib(i) for i in range(3))
    [x for x in (lambda: [1, 2])()]


@workload
def copies_and_templates():
    copy.deepcopy({"a": [1, (2, [3])], "b": {"c": {4}}})
    string.Template("$a $b").substitute(a=1, b=2)


@workload
def executed_code():
    names = {}
    exec(compile("def made(n):\n    return len('x' * n)\nclass C:\n    x = made(2)\n", "<made>",
                 "exec"), names)
    names["made"](1)
    eval("[len(c) for c in 'ab']")
