"""With a clock of its own the profiler's times are exact."""

import pstats

import pytest

import cprof

NS = 1e-9


class Clock:
    """Nanoseconds, which pass where the code says so: by `clock.now += n`, which
    calls nothing. float: in seconds."""

    now = 0

    def __call__(self):
        return self.now

    def seconds(self):
        return self.now * NS


@pytest.fixture
def clock():
    return Clock()


def rows(profiler):
    """{name: (cc, nc, tottime, cumtime in ns)}"""
    profiler.create_stats()
    return {name: (cc, nc, round(tt / NS), round(ct / NS))
            for (_, _, name), (cc, nc, tt, ct, _) in profiler.stats.items()}


def arcs(profiler):
    """{(caller, callee): (nc, cc, tottime, cumtime in ns)}"""
    profiler.create_stats()
    return {(caller[2], callee[2]): (nc, cc, round(tt / NS), round(ct / NS))
            for callee, (_, _, _, _, callers) in profiler.stats.items()
            for caller, (nc, cc, tt, ct) in callers.items()}


def test_callee_and_caller(clock):
    def callee():
        clock.now += 30

    def caller():
        clock.now += 5
        callee()
        clock.now += 7
        callee()

    profiler = cprof.Profile(clock, NS)
    profiler.enable()
    caller()
    profiler.disable()
    # caller: 5 + 7 own, 30 + 30 below
    assert rows(profiler)["caller"] == (1, 1, 12, 72)
    assert rows(profiler)["callee"] == (2, 2, 60, 60)
    assert arcs(profiler)["caller", "callee"] == (2, 2, 60, 60)
    assert pstats.Stats(profiler).total_tt == pytest.approx(72 * NS)


def test_float_seconds(clock):
    def work():
        clock.now += 1_500_000_000

    with cprof.Profile(timer=clock.seconds) as profiler:
        work()
    assert rows(profiler)["work"] == (1, 1, 1_500_000_000, 1_500_000_000)


def test_direct_recursion(clock):
    def down(n):
        clock.now += 10
        if n:
            down(n - 1)
        clock.now += 1

    with cprof.Profile(clock, NS) as profiler:
        down(3)
    # 4 calls of 11; cum counts the outermost alone, as does the arc to itself:
    # 44 less its first call's 11
    assert rows(profiler)["down"] == (1, 4, 44, 44)
    assert arcs(profiler)["down", "down"] == (3, 1, 33, 33)


def test_mutual_recursion(clock):
    def a(n):
        clock.now += 3
        if n:
            b(n - 1)

    def b(n):
        clock.now += 5
        if n:
            a(n - 1)

    with cprof.Profile(clock, NS) as profiler:
        a(3)
    # a b a b: own 3 5 3 5, inclusive 16 13 8 5
    assert rows(profiler)["a"] == (1, 2, 6, 16)
    assert rows(profiler)["b"] == (1, 2, 10, 13)
    assert arcs(profiler)["a", "b"] == (2, 1, 10, 13)
    assert arcs(profiler)["b", "a"] == (1, 1, 3, 8)


def test_generator_is_timed_only_while_it_runs(clock):
    def produce():
        clock.now += 2
        yield 1
        clock.now += 4
        yield 2

    def consume():
        for _ in produce():
            clock.now += 100

    with cprof.Profile(clock, NS) as profiler:
        consume()
    # two yields are three calls
    assert rows(profiler)["produce"] == (3, 3, 6, 6)
    assert rows(profiler)["consume"] == (1, 1, 200, 206)


def test_exception_through_three_frames(clock):
    def inner():
        clock.now += 1
        raise KeyError

    def middle():
        clock.now += 10
        inner()

    def outer():
        clock.now += 100
        try:
            middle()
        except KeyError:
            clock.now += 1000
        after()

    def after():
        clock.now += 10000

    with cprof.Profile(clock, NS) as profiler:
        outer()
    assert rows(profiler)["inner"] == (1, 1, 1, 1)
    assert rows(profiler)["middle"] == (1, 1, 10, 11)
    assert rows(profiler)["outer"] == (1, 1, 1100, 11111)
    assert arcs(profiler)["outer", "after"] == (1, 1, 10000, 10000)


def test_stopping_inside_a_call_and_going_on(clock):
    profiler = cprof.Profile(clock, NS)

    def stop():
        clock.now += 3
        profiler.disable()
        clock.now += 50

    def caller():
        clock.now += 1
        stop()
        clock.now += 70

    profiler.enable()
    caller()
    # Closed where it stopped: what came later is nobody's.
    assert rows(profiler)["stop"] == (1, 1, 3, 3)
    assert rows(profiler)["caller"] == (1, 1, 1, 4)
    profiler.enable()
    caller()
    assert rows(profiler)["stop"] == (2, 2, 6, 6)
    assert rows(profiler)["caller"] == (2, 2, 2, 8)


def test_starting_inside_a_call(clock):
    profiler = cprof.Profile(clock, NS)

    def start():
        clock.now += 3
        profiler.enable()
        clock.now += 5

    def work():
        clock.now += 7

    start()  # its return has no call
    work()
    profiler.disable()
    assert rows(profiler)["work"] == (1, 1, 7, 7)
    assert "start" not in rows(profiler)


def test_clock_that_goes_back_stands_still(clock):
    def back():
        clock.now -= 1000

    def work():
        back()
        clock.now += 1100

    clock.now = 5000
    with cprof.Profile(clock, NS) as profiler:
        work()
    assert rows(profiler)["back"] == (1, 1, 0, 0)
    assert rows(profiler)["work"] == (1, 1, 100, 100)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("timeunit", [0, NS])
@pytest.mark.parametrize("answer", [None, "x", float("nan"), float("inf"), -1, 10 ** 400, ...])
def test_clock_that_gives_nonsense(answer, timeunit):
    def timer():
        if answer is ...:
            raise RuntimeError("no time")
        return answer

    def work():
        return len("x")

    with cprof.Profile(timer, timeunit) as profiler:
        assert work() == 1
    assert rows(profiler)["work"] == (1, 1, 0, 0)


def test_clock_in_a_middle_of_an_exception(clock):
    def fail():
        clock.now += 1
        raise ValueError("the application's")

    with cprof.Profile(clock, NS) as profiler:
        with pytest.raises(ValueError, match="the application's"):
            fail()
    assert rows(profiler)["fail"] == (1, 1, 1, 1)


def test_two_profiles_with_clocks_of_their_own(clock):
    other = Clock()

    def work():
        clock.now += 2
        other.now += 20

    outer, inner = cprof.Profile(clock, NS), cprof.Profile(other, NS)
    outer.enable()
    work()
    inner.enable()
    work()
    inner.disable()
    work()
    outer.disable()
    assert rows(outer)["work"] == (3, 3, 6, 6)
    assert rows(inner)["work"] == (1, 1, 20, 20)
    # Its clock is no part of the application.
    assert not {"__call__", "timer"} & set(rows(outer))


def test_clear(clock):
    def work():
        clock.now += 2

    profiler = cprof.Profile(clock, NS)
    with profiler:
        work()
    profiler.clear()
    with profiler:
        work()
    assert rows(profiler)["work"] == (1, 1, 2, 2)


def test_wall_clock():
    import time

    with cprof.Profile() as profiler:
        time.sleep(0.05)
    (row,) = [row for name, row in rows(profiler).items() if "sleep" in name]
    assert 0.049 / NS < row[3] < 1 / NS


def test_dump_stats(clock, tmp_path):
    def work():
        clock.now += 2_000_000_000

    with cprof.Profile(clock, NS) as profiler:
        work()
    path = tmp_path / "work.prof"
    profiler.dump_stats(str(path))
    assert pstats.Stats(str(path)).total_tt == pytest.approx(2)
    assert pstats.Stats(profiler).total_calls == pstats.Stats(str(path)).total_calls
