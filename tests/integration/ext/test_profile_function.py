"""@cprof.profile: every kind of function, profiled while it runs and not while it
waits, and otherwise as if the decorator were not there."""

import asyncio
import functools
import gc
import inspect
import sys
import threading
import types
import weakref

import pytest

import cprof


def rows(function):
    """{name: (cc, nc)} of the functions in Python."""
    profile = function.profile
    profile.snapshot_stats()
    return {key[2]: row[:2] for key, row in profile.stats.items() if key[0] != "~"}


def helper(n):
    return n


def run(coroutine):
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_function(mode):
    @cprof.profile(mode=mode)
    def load(path, *more, limit: int = 3, **options) -> str:
        """Loads."""
        helper(limit)
        return path, more, limit, options

    assert load("a", 1, limit=2, self=3) == ("a", (1,), 2, {"self": 3})
    load("b")
    assert rows(load) == {"load": (2, 2), "helper": (2, 2)}
    assert load.profile.mode == mode
    assert str(inspect.signature(load)) == "(path, *more, limit: int = 3, **options) -> str"
    assert (load.__name__, load.__doc__, load.__module__) == ("load", "Loads.", __name__)
    assert load.__wrapped__.__code__.co_name == "load"
    load.profile.clear()
    assert rows(load) == {}


def test_no_row_is_the_decorators():
    @cprof.profile
    def load():
        return len("x")

    load()
    load.profile.create_stats()
    assert {key[2] for key in load.profile.stats} == {"load", "<built-in method builtins.len>"}


def test_methods_above_and_below():
    class Thing:
        @cprof.profile
        def method(self):
            return self

        @cprof.profile
        @staticmethod
        def static_above(x):
            return x

        @staticmethod
        @cprof.profile
        def static_below(x):
            return x

        @cprof.profile
        @classmethod
        def class_above(cls):
            return cls

        @classmethod
        @cprof.profile
        def class_below(cls):
            return cls

        @property
        @cprof.profile
        def value(self):
            return 7

    class Sub(Thing):
        def method(self):
            return super().method()

    thing = Sub()
    assert thing.method() is thing and thing.value == 7
    assert thing.static_above(1) == Sub.static_below(1) == 1
    assert Sub.class_above() is thing.class_below() is Sub
    for name in ("method", "static_above", "static_below", "class_above", "class_below"):
        assert rows(getattr(Thing, name)) == {name: (1, 1)}
    assert isinstance(vars(Thing)["static_above"], staticmethod)
    assert isinstance(vars(Thing)["class_above"], classmethod)


def test_recursion_is_one_call():
    @cprof.profile
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    assert fib(7) == 13
    # fib(7) makes 41 calls
    assert rows(fib)["fib"] == (1, 41)


def test_each_in_the_other():
    @cprof.profile
    def outer(n):
        return inner(n) + inner(n)

    @cprof.profile
    def inner(n):
        return helper(n)

    with cprof.Profile() as around:
        outer(1)
    inner(1)
    assert rows(inner) == {"inner": (3, 3), "helper": (3, 3)}
    assert rows(outer)["inner"] == rows(outer)["helper"] == (2, 2)
    around.create_stats()
    assert {key[2]: row[0] for key, row in around.stats.items()}["helper"] == 2


def test_an_exception_passes_and_ends_it():
    @cprof.profile
    def fail():
        raise KeyError("theirs")

    with pytest.raises(KeyError, match="theirs"):
        fail()
    helper(1)
    assert rows(fail) == {"fail": (1, 1)}
    assert sys.getprofile() is None


def test_a_generator_is_profiled_while_it_runs():
    @cprof.profile
    def count(n):
        for i in range(n):
            got = yield helper(i)
            if got is not None:
                yield got * 2
        return "end"

    def around():
        return (yield from count(2))

    assert inspect.isgeneratorfunction(count)
    generator = around()
    assert [next(generator), generator.send(5), next(generator)] == [0, 10, 1]
    helper(1)  # nobody is being profiled
    with pytest.raises(StopIteration) as end:
        next(generator)
    assert end.value.value == "end"
    # each resume is a call, as cProfile counts
    assert rows(count) == {"count": (4, 4), "helper": (2, 2)}


def test_what_a_generator_is_thrown():
    log = []

    @cprof.profile
    def stubborn():
        try:
            yield 1
        except KeyError as exc:
            log.append(exc.args)
            yield 2
        finally:
            log.append("closed")

    generator = stubborn()
    next(generator)
    assert generator.throw(KeyError("x")) == 2
    generator.close()
    assert log == [("x",), "closed"]
    del log[:]
    generator = stubborn()
    next(generator)
    del generator
    gc.collect()
    assert log == ["closed"]
    never = stubborn()
    del never
    with pytest.raises(ValueError):
        generator = stubborn()
        next(generator)
        generator.throw(ValueError)
    assert sys.getprofile() is None


def test_a_coroutine_is_not_profiled_while_it_waits():
    @cprof.profile
    async def fetch(n):
        await asyncio.sleep(0.02)
        return helper(n)

    async def main():
        async def other():
            for _ in range(10):
                not_part_of_it()
                await asyncio.sleep(0.001)

        return await asyncio.gather(fetch(1), other(), fetch(2))

    assert inspect.iscoroutinefunction(fetch) and asyncio.iscoroutinefunction(fetch)
    assert run(main()) == [1, None, 2]
    found = rows(fetch)
    assert found["helper"] == (2, 2) and found["fetch"] == (4, 4)
    assert "not_part_of_it" not in found
    stats = fetch.profile.stats
    assert sum(row[2] for row in stats.values()) < 0.02


def not_part_of_it():
    pass


def test_a_coroutine_that_is_cancelled():
    log = []

    @cprof.profile
    async def wait():
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    async def main():
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert log == ["cancelled"]
    assert rows(wait)["wait"] == (2, 2)


def test_an_asynchronous_generator():
    log = []

    @cprof.profile
    async def numbers(n):
        try:
            for i in range(n):
                try:
                    got = yield helper(i)
                except KeyError:
                    got = "thrown"
                if got:
                    yield got
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0)
            log.append("closed")

    async def main():
        found = [n async for n in numbers(3)]
        generator = numbers(3)
        found += [await generator.__anext__(), await generator.asend("sent"),
                  await generator.__anext__(), await generator.athrow(KeyError("x"))]
        await generator.aclose()
        generator = numbers(1)
        await generator.__anext__()
        with pytest.raises(ZeroDivisionError):
            await generator.athrow(ZeroDivisionError())
        return found

    assert inspect.isasyncgenfunction(numbers)
    assert run(main()) == [0, 1, 2, 0, "sent", 1, "thrown"]
    assert log == ["closed"] * 3
    assert rows(numbers)["helper"] == (6, 6)


def test_an_old_style_coroutine():
    @cprof.profile
    @types.coroutine
    def step():
        yield
        return helper(3)

    async def main():
        return await step()

    assert run(main()) == 3
    assert rows(step)["step"] == (2, 2)


def test_partials_and_callables():
    async def fetch(a, b):
        return a + b

    class Adder:
        def __call__(self, n):
            return helper(n) + 1

    fetched = cprof.profile(functools.partial(fetch, 1))
    assert run(fetched(2)) == 3
    assert rows(fetched)["fetch"] == (1, 1)
    adder = cprof.profile(Adder())
    assert adder(2) == 3
    assert rows(adder) == {"__call__": (1, 1), "helper": (1, 1)}


@pytest.mark.parametrize("what", [int, type("T", (), {}), 3, None.__class__, "f", property(len)])
def test_what_is_no_function(what):
    with pytest.raises(TypeError, match="takes a function"):
        cprof.profile(what)


def test_wrong_options():
    with pytest.raises(ValueError):
        cprof.profile(mode="slow")(helper)
    with pytest.raises(TypeError):
        cprof.profile(nonsense=1)
    with pytest.raises(TypeError):
        cprof.profile(helper, "exact")


def test_many_threads_at_once():
    @cprof.profile
    def work(n):
        barrier.wait(10)
        return sum(map(helper, range(n)))

    barrier = threading.Barrier(16)

    def there():
        for _ in range(5):
            assert work(10) == 45

    threads = [threading.Thread(target=there) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(work)["work"] == (80, 80)
    assert rows(work)["helper"] == (800, 800)


def test_printing_from_elsewhere_disturbs_no_call(capsys):
    inside, go_on = threading.Event(), threading.Event()

    @cprof.profile
    def work():
        helper(1)
        inside.set()
        go_on.wait(10)
        helper(2)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(10)
    work.profile.print_stats()
    go_on.set()
    thread.join()
    assert "helper" in capsys.readouterr().out
    assert rows(work)["helper"] == (2, 2) and rows(work)["work"] == (1, 1)


def test_its_own_timer():
    now = [0.0]

    @cprof.profile(timer=lambda: now[0])
    def work():
        now[0] += 2.5

    work()
    (entry,) = work.profile.getstats()
    assert entry.totaltime == 2.5


@pytest.mark.parametrize("value", ["1", "yes"])
def test_switched_off_it_is_the_function_itself(value, monkeypatch):
    monkeypatch.setenv("CPROF_DISABLE", value)
    static = staticmethod(helper)
    assert cprof.profile(helper) is helper
    assert cprof.profile(mode="fast", archive=True)(helper) is helper
    assert cprof.profile(static) is static
    monkeypatch.setenv("CPROF_DISABLE", "0")
    assert cprof.profile(helper) is not helper


# --- archive=True

def test_each_call_is_a_snapshot(archive):
    @cprof.profile(archive=True, directory=archive.path)
    def work(n):
        return n and work(n - 1)

    work(3)
    work(0)
    name = "CALL.%s.%s" % (__name__, "test_each_call_is_a_snapshot.%3Clocals%3E.work")
    assert archive.names() == [name, name]
    first, second = archive.snapshots()
    assert first.calls()["work"] == 4 and second.calls()["work"] == 1
    assert first.json["ended"] == "returned" and first.json["exception"] is None
    assert first.json["method"] == "CALL" and first.json["mode"] == "exact"
    assert first.json["wall_seconds"] > 0
    assert rows(work)["work"] == (2, 5)


def test_snapshots_of_what_waits(archive):
    decorate = cprof.profile(archive=True, directory=archive.path, mode="fast")

    @decorate
    async def fetch(n):
        await asyncio.sleep(0.3)
        return helper(n)

    @decorate
    def count():
        yield helper(1)
        yield helper(2)

    @decorate
    async def numbers():
        yield helper(1)

    async def main():
        return await asyncio.gather(fetch(1), fetch(2)), [n async for n in numbers()]

    assert run(main()) == ([1, 2], [1])
    assert list(count()) == [1, 2]
    half = count()
    next(half)
    half.close()
    count().close()  # never began
    calls = sorted((s.json["route"].rsplit(".", 1)[1], s.calls()["helper"])
                   for s in archive.snapshots())
    assert calls == [("count", 1), ("count", 2), ("fetch", 1), ("fetch", 1), ("numbers", 1)]
    assert {s.json["exception"] for s in archive.snapshots()} == {None}
    # The time it ran, not the time it waited.
    assert all(s.json["wall_seconds"] < 0.3 for s in archive.snapshots())


def test_a_snapshot_of_what_fails(archive):
    @cprof.profile(archive=True, directory=archive.path)
    def fail():
        raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    snapshot = archive.one()
    assert (snapshot.json["ended"], snapshot.json["exception"]) == ("exception", "builtins.KeyError")


# --- references

def test_nothing_is_kept_of_a_call():
    class Thing:
        pass

    @cprof.profile
    def work(thing):
        return [thing]

    @cprof.profile
    def count(thing):
        yield thing

    @cprof.profile
    async def fetch(thing):
        return thing

    dead = []

    def use():
        thing = Thing()
        dead.append(weakref.ref(thing))
        work(thing)
        list(count(thing))
        try:
            fetch(thing).send(None)
        except StopIteration:
            pass

    use()
    assert dead[0]() is None


def test_a_decorated_function_can_go(archive):
    def make(**options):
        @cprof.profile(**options)
        def work():
            return 1

        work()
        return weakref.ref(work), weakref.ref(work.__wrapped__)

    dead = make() + make(archive=True, directory=archive.path)
    gc.collect()
    assert [ref() for ref in dead] == [None] * 4


def test_references_do_not_grow(archive):
    @cprof.profile
    def work(n):
        return helper(n)

    @cprof.profile
    def count(n):
        yield helper(n)

    @cprof.profile(archive=True, directory=archive.path)
    def archived(n):
        return helper(n)

    def use(n):
        for i in range(n):
            work(i)
            list(count(i))
        archived(n)

    use(10)
    gc.collect()
    before = len(gc.get_objects()), sys.getrefcount(helper), sys.getrefcount(helper.__code__)
    use(300)
    gc.collect()
    after = len(gc.get_objects()), sys.getrefcount(helper), sys.getrefcount(helper.__code__)
    assert after[0] - before[0] <= 3
    assert after[1:] == before[1:]
