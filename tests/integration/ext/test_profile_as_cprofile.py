"""cprof.Profile beside cProfile.Profile: the same answers, to the last bit where a
timer of one's own makes them comparable."""

import cProfile
import gc
import inspect
import marshal
import os
import pstats
import sys
import threading
import types

import pytest

import cprof

BOTH = pytest.mark.parametrize("module", [cProfile, cprof], ids=["cProfile", "cprof"])


class Clock:
    """Goes on by one at each look that `tick` is armed for."""

    def __init__(self, kind=int):
        self.now = kind(0)

    def __call__(self):
        return self.now


def leaf(clock, n):
    clock.now += n
    return len("abc")


def down(clock, n):
    clock.now += 2
    if n:
        down(clock, n - 1)
        leaf(clock, 3)
    clock.now += 1


def work(clock):
    down(clock, 4)
    for n in range(5):
        leaf(clock, n)
    sorted([3, 1, 2], key=lambda n: leaf(clock, 1) * n)
    return [item for item in generate(clock)]


def generate(clock):
    for n in range(3):
        clock.now += 1
        yield n


def plain(stats):
    """getstats() without what differs by name: the method disable."""
    def code(c):
        return c if isinstance(c, str) else (c.co_filename, c.co_firstlineno, c.co_name)

    def is_disable(c):
        return isinstance(c, str) and "'disable'" in c

    return {(code(entry.code), entry[1:5],
             frozenset((code(call.code), call[1:5]) for call in entry.calls or ()))
            for entry in stats if not is_disable(entry.code)}


def both(run, *args, **options):
    answers = []
    for module in (cProfile, cprof):
        clock = Clock()
        gc.disable()
        try:
            answers.append(run(module.Profile(clock, *args, **options), clock))
        finally:
            gc.enable()
    return answers


def runcall(profile, clock):
    profile.runcall(work, clock)
    return plain(profile.getstats())


@pytest.mark.parametrize("timeunit", [0.001, 1.0, 1 / 3, 2e-12, 1e-9])
def test_equal_in_every_field(timeunit):
    theirs, ours = both(runcall, timeunit)
    assert ours == theirs
    assert len(ours) >= 7
    assert any(row[1][3] for row in ours), "no time at all"


def test_ints_without_a_timeunit_are_seconds():
    theirs, ours = both(runcall)
    # The 4 of work() and 5 of down(): 2 each before and 1 after, by hand 5 * 3 + 4 * 3.
    (row,) = [row for row in ours if row[0][2] == "down"]
    assert row[1] == (5, 4, pytest.approx(27.0), pytest.approx(15.0))
    if sys.version_info >= (3, 13):  # before, cProfile counts in 2 ** -32 s
        assert ours == theirs


def test_float_seconds():
    clock = Clock(float)
    profile = cprof.Profile(clock)
    profile.runcall(leaf, clock, 0.25)
    (entry,) = [entry for entry in profile.getstats() if not isinstance(entry.code, str)
                and entry.code is leaf.__code__]
    assert entry.totaltime == 0.25


def test_a_clock_below_zero():
    clock = Clock()
    clock.now = -1000
    profile = cprof.Profile(clock, 1.0)
    profile.runcall(leaf, clock, 7)
    assert [entry.totaltime for entry in profile.getstats()
            if entry.code is leaf.__code__] == [7.0]


@pytest.mark.parametrize("options", [{"subcalls": False}, {"builtins": False},
                                     {"subcalls": False, "builtins": False}])
@pytest.mark.parametrize("by_enable", [False, True])
def test_subcalls_and_builtins(options, by_enable):
    def run(profile, clock):
        # From 3.14 on cProfile's enable() forgets what the constructor was told.
        forgets = isinstance(profile, cProfile.Profile) and sys.version_info >= (3, 14)
        profile.enable(**(options if by_enable or forgets else {}))
        work(clock)
        profile.disable()
        return plain(profile.getstats())

    theirs, ours = both(run, 1.0, **({} if by_enable else options))
    assert ours == theirs
    names = {row[0] for row in ours}
    assert any(isinstance(name, str) for name in names) == options.get("builtins", True)
    assert any(row[2] for row in ours) == options.get("subcalls", True)


def test_entries_have_the_code_itself():
    namespace = {}
    exec("def f(): return len('x')", namespace)
    code = namespace["f"].__code__
    profile = cprof.Profile()
    profile.runcall(namespace["f"])
    del namespace
    gc.collect()
    entries = {entry.code: entry for entry in profile.getstats()}
    assert entries[code].code is code
    assert isinstance(entries[code].code, types.CodeType)
    (call,) = entries[code].calls
    assert call.code == "<built-in method builtins.len>"
    assert entries["<built-in method builtins.len>"].calls is None
    assert type(entries[code]).__name__ == "profiler_entry"
    assert type(call).__name__ == "profiler_subentry"
    assert len(entries[code]) == 6 and len(call) == 5
    assert entries[code][:3] == (code, 1, 0)


@BOTH
def test_pstats_reads_it(module, capsys):
    clock = Clock()
    profile = module.Profile(clock, 0.5)
    profile.runcall(work, clock)
    stats = pstats.Stats(profile)
    assert stats.total_tt == clock.now * 0.5
    stats.strip_dirs().sort_stats("cumtime").print_callers("leaf")
    assert "test_profile_as_cprofile.py" in capsys.readouterr().out
    if sys.version_info >= (3, 9):
        row = stats.get_stats_profile().func_profiles["down"]
        assert (row.ncalls, row.tottime) == ("5/1", (5 * 3) * 0.5)


@BOTH
def test_methods_of_all_kinds(module, tmp_path, capsys):
    profile = module.Profile()
    assert profile.run("x_of_this_test = len('abc')") is profile
    assert sys.modules["__main__"].__dict__.pop("x_of_this_test") == 3
    namespace = {"n": 2}
    assert profile.runctx("n += 1", namespace, None) is profile
    assert namespace["n"] == 3
    assert profile.runcall(lambda *args, **kw: (args, kw), 1, k=2) == ((1,), {"k": 2})
    with pytest.raises(ZeroDivisionError):
        profile.runcall(lambda: 1 // 0)
    with profile as entered:
        len("x")
    assert entered is profile
    profile.dump_stats(str(tmp_path / "a.prof"))
    with open(str(tmp_path / "a.prof"), "rb") as file:
        stats = marshal.load(file)
    assert stats == profile.stats
    assert stats["~", 0, "<built-in method builtins.len>"][:2] == (2, 2)
    profile.print_stats("ncalls")
    assert "Ordered by: call count" in capsys.readouterr().out
    profile.clear()
    assert profile.getstats() == []
    assert list(inspect.signature(module.Profile.print_stats).parameters) == ["self", "sort"]


@BOTH
def test_a_subclass(module):
    log = []

    class Sub(module.Profile):
        def enable(self, *args, **kw):
            log.append("enable")
            super().enable(*args, **kw)

        def disable(self):
            super().disable()
            log.append("disable")

    profile = Sub(builtins=False)
    profile.note = 1
    with profile:
        pass
    profile.runcall(len, "x")
    profile.create_stats()
    assert log == ["enable", "disable"] * 2 + ["disable"]
    assert repr(profile).startswith("<")


@BOTH
def test_disable_without_enable(module):
    profile = module.Profile()
    assert profile.disable() is None
    profile.create_stats()
    assert profile.stats == {}
    assert profile.getstats() == []
    assert not hasattr(module.Profile(), "stats")


@BOTH
def test_enable_twice(module):
    profile = module.Profile()
    profile.enable()
    try:
        if sys.version_info < (3, 12):
            assert profile.enable() is None
        else:
            with pytest.raises(ValueError):
                profile.enable()
        len("x")
    finally:
        profile.disable()
    profile.create_stats()
    assert profile.stats["~", 0, "<built-in method builtins.len>"][:2] == (1, 1)


@BOTH
@pytest.mark.parametrize("args, options", [((), {"timeunit": "x"}), ((), {"nonsense": 1}),
                                           ((1, 2, 3, 4, 5), {})])
def test_arguments_that_are_wrong(module, args, options):
    with pytest.raises(TypeError):
        module.Profile(*args, **options)
    with pytest.raises(TypeError):
        module.Profile().enable(1, 2, 3)


@BOTH
def test_clear_and_look_while_it_runs(module):
    profile = module.Profile()
    profile.enable()
    len("x")
    before = {entry.code for entry in profile.getstats()}
    profile.clear()
    abs(-1)
    profile.disable()
    after = {entry.code for entry in profile.getstats()}
    assert "<built-in method builtins.len>" in before
    assert "<built-in method builtins.len>" not in after
    assert "<built-in method builtins.abs>" in after


def test_snapshot_goes_on():
    def inner(profile):
        len("x")
        profile.snapshot_stats()
        return profile.stats

    profile = cprof.Profile()
    first = profile.runcall(inner, profile)
    # Of what is still open there is time, and no call yet.
    assert first["~", 0, "<built-in method builtins.len>"][:2] == (1, 1)
    assert "inner" not in {key[2] for key in first}
    profile.snapshot_stats()
    assert "inner" in {key[2] for key in profile.stats}


def same_key():
    namespace = {}
    exec("def f(n):\n    return n", namespace)
    first = namespace["f"]
    exec("def f(n):\n    return n", namespace)
    return first, namespace["f"]


def test_functions_that_share_a_key_are_added():
    """Two functions of one file, line and name: cProfile keeps one of them."""
    first, second = same_key()

    def use():
        for _ in range(3):
            first(1)
        for _ in range(500):
            second(1)

    counts = []
    for module in (cProfile, cprof):
        profile = module.Profile()
        profile.runcall(use)
        profile.create_stats()
        counts.append(profile.stats["<string>", 1, "f"][:2])
        assert sorted(entry.callcount for entry in profile.getstats()
                      if getattr(entry.code, "co_name", "") == "f") == [3, 500]
    assert counts[0] in [(3, 3), (500, 500)]
    assert counts[1] == (503, 503)


def test_recursion_between_two_of_one_key():
    """f -> f, of two codes: the outer call alone is primitive."""
    namespace = {"clock": Clock()}
    exec("def f(n):\n    clock.now += 1\n    return other(n - 1) if n else 0", namespace)
    first = namespace["f"]
    exec("def f(n):\n    clock.now += 1\n    return first(n - 1) if n else 0", namespace)
    namespace.update(first=first, other=namespace["f"])
    profile = cprof.Profile(namespace["clock"], 1.0)
    profile.runcall(first, 3)
    profile.create_stats()
    cc, nc, tt, ct, callers = profile.stats["<string>", 1, "f"]
    assert (cc, nc, tt, ct) == (1, 4, 4.0, 4.0)
    assert callers["<string>", 1, "f"][:2] == (3, 1)


@pytest.mark.parametrize("mode", ["exact", "fast", "app"])
def test_modes(mode):
    profile = cprof.Profile(mode=mode)
    assert profile.mode == mode
    assert cprof.Profile(builtins=False).mode == "fast"
    with pytest.raises(ValueError, match="'exact', 'fast' or 'app'"):
        cprof.Profile(mode="slow")
    with pytest.raises(ValueError):
        cprof.Profile(mode=3)


def test_one_profile_on_many_threads():
    """One stack for each thread, and the sum of all: with cProfile's one stack the
    functions would be each other's callers."""
    profile = cprof.Profile()
    barrier = threading.Barrier(16)

    def outer(n):
        return inner(n)

    def inner(n):
        return n and inner(n - 1)

    def there():
        profile.enable()
        barrier.wait(10)
        for _ in range(20):
            outer(5)
        barrier.wait(10)
        profile.disable()

    threads = [threading.Thread(target=there) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    profile.create_stats()
    rows = {key[2]: row for key, row in profile.stats.items()}
    assert rows["outer"][:2] == (320, 320)
    assert rows["inner"][:2] == (320, 16 * 20 * 6)
    assert {key[2]: row[:2] for key, row in rows["inner"][4].items()} == {
        "outer": (320, 320), "inner": (1600, 320)}


def test_a_profile_of_the_parent_in_a_child():
    profile = cprof.Profile()
    profile.enable()
    len("x")
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            len("not counted: the child starts clean")
            profile.enable()
            len("x")
            profile.disable()
            profile.create_stats()
            row = profile.stats["~", 0, "<built-in method builtins.len>"]
            status = 0 if row[:2] == (2, 2) and sys.getprofile() is None else 2
        finally:
            os._exit(status)
    profile.disable()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0 \
        if hasattr(os, "waitstatus_to_exitcode") else os.waitpid(pid, 0)[1] == 0


# --- evil timers

@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("verb", ["disable", "clear", "__init__", "create_stats"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_timer_that_changes_its_profile(verb, at, monkeypatch):
    seen = []
    looks = []

    def timer():
        looks.append(1)
        if len(looks) == at:
            try:
                getattr(profile, verb)()
            except RuntimeError as exc:
                seen.append(str(exc))
        return len(looks)

    profile = cprof.Profile(timer, 1.0)
    profile.enable()
    (lambda: None)()
    profile.disable()
    assert len(seen) == 1 and seen[0].endswith("profiler in external timer")
    profile.create_stats()
    assert any(key[2] == "<lambda>" for key in profile.stats)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_timer_that_enables_its_profile():
    results = []

    def timer():
        try:
            results.append(profile.enable())
        except ValueError as exc:
            results.append(str(exc))
        return len(results)

    profile = cprof.Profile(timer, 1.0)
    profile.enable()
    (lambda: None)()
    profile.disable()
    # As anywhere while it is enabled.
    refused = None if sys.version_info < (3, 12) else "Another profiling tool is already active"
    assert len(results) > 3 and set(results) == {refused}
    profile.create_stats()
    assert any(key[2] == "<lambda>" for key in profile.stats)


def test_a_timer_that_drops_its_profile():
    def timer():
        profiles.clear()
        return 1

    profiles = [cprof.Profile(timer, 1.0)]
    profiles[0].enable()
    (lambda: None)()
    # Up to 3.11 the hook has it.
    if isinstance(sys.getprofile(), cprof.Profile):
        sys.getprofile().disable()
    with cprof.Profile() as profile:
        len("x")
    profile.create_stats()
    assert ("~", 0, "<built-in method builtins.len>") in profile.stats


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="there sys.monitoring has it")
def test_getprofile_gives_the_innermost():
    outer, inner = cprof.Profile(), cprof.Profile()
    with outer:
        assert sys.getprofile() is outer
        with inner:
            assert sys.getprofile() is inner
        assert sys.getprofile() is outer
        inner.enable()
        outer.disable()
        assert sys.getprofile() is inner
        inner.disable()
    assert sys.getprofile() is None


# --- references

def use_everything():
    first, second = same_key()
    clock = Clock()
    for profile in (cprof.Profile(), cprof.Profile(clock, 0.5), cprof.Profile(mode="fast")):
        with profile:
            first(1), second(2)
            work(clock)
            profile.snapshot_stats()
        profile.runcall(work, clock)
        profile.getstats()
        profile.create_stats()
        profile.clear()
        profile.enable()
        profile.getstats()
        profile.disable()
    try:
        cprof.Profile(mode="x")
    except ValueError:
        pass


def objects():
    gc.collect()
    return len(gc.get_objects())


def test_no_references_leak():
    clock = Clock()
    for _ in range(3):
        use_everything()
    watched = [leaf.__code__, len, clock, cprof.Profile]
    if sys.version_info < (3, 11):  # later, specialised code changes the count by itself
        watched.append(None)
    before, counts = objects(), [sys.getrefcount(thing) for thing in watched]
    for _ in range(50):
        use_everything()
    after, counts_after = objects(), [sys.getrefcount(thing) for thing in watched]
    assert after - before <= 5
    assert [b - a for a, b in zip(counts, counts_after)] == pytest.approx([0] * len(counts), abs=5)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no /proc")
@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""),
                    reason="AddressSanitizer keeps freed memory for a while")
def test_memory_does_not_grow(in_process):
    """Names and rows that are C's are seen by nobody else."""
    in_process("""
        import resource, sys, test_profile_as_cprofile as t
        def used():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize()
        for _ in range(100): t.use_everything()
        before = used()
        for _ in range(1000): t.use_everything()
        assert used() - before < 1000000, used() - before
    """)


def test_every_allocation_of_ours_may_fail_in_getstats(in_process):
    """As far as they are Python's: _testcapi makes them fail."""
    pytest.importorskip("_testcapi")
    in_process("""
        import _testcapi, cprof, gc, test_profile_as_cprofile as t
        profile = cprof.Profile()
        profile.runcall(t.work, t.Clock())
        gc.disable()
        def attempt(ask, n):
            _testcapi.set_nomemory(n, n + 1)
            try:
                ask()
            except MemoryError:
                return False
            finally:
                _testcapi.remove_mem_hooks()
            return True
        for ask in (profile.getstats, profile._table):
            done = [attempt(ask, n) for n in range(1, 400)]
            assert not all(done) and done[-1], done
            assert ask()
    """)
