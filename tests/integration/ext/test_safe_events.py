"""Events that a tracer must not stumble over."""

import cProfile
import gc
import sys

import pytest
from ext_client import instrumented
from ext_cprofile import WithoutBuiltins
from test_counts_as_cprofile import measure, of_cprofile, of_ours, without_disable
from workloads import echo

import cprof

MODES = pytest.mark.parametrize("mode", ["exact", "fast", "app"])


def leaf():
    pass


def calls(profile):
    profile.create_stats()
    return {key[2]: row[:2] for key, row in profile.stats.items() if "disable" not in key[2]}


def callers(profile, name):
    (row,) = [row for key, row in profile.stats.items() if key[2] == name]
    return sorted(caller[2] for caller in row[4])


@MODES
def test_returns_without_a_call(mode):
    """Of what was open when it was armed."""
    profile = cprof.Profile(mode=mode)

    def inner(n):
        if n:
            inner(n - 1)
        else:
            profile.enable()
            leaf()

    def outer():
        inner(5)
        leaf()

    outer()
    leaf()
    profile.disable()
    assert calls(profile) == {"leaf": (3, 3)}
    assert callers(profile, "leaf") == [] and profile.lost == 0


@MODES
def test_armed_inside_a_c_function(mode):
    profile = cprof.Profile(mode=mode)
    begin = iter([True, False, False])

    def key(x):
        if next(begin):
            profile.enable()
        leaf()
        return x

    sorted([3, 1, 2], key=key)
    leaf()
    profile.disable()
    expected = {"leaf": (4, 4), "key": (2, 2)}
    if mode == "exact":
        expected["<built-in method builtins.next>"] = (2, 2)
    assert calls(profile) == expected
    # sorted() itself began before.
    assert callers(profile, "key") == [] and callers(profile, "leaf") == ["key"]


@MODES
def test_disarmed_inside_a_c_function(mode):
    profile = cprof.Profile(mode=mode)

    def key(x):
        leaf()
        if x == 1:
            profile.disable()
        return x

    profile.enable()
    sorted([3, 1, 2], key=key)
    leaf()
    assert sys.getprofile() is None
    got = calls(profile)
    assert (got["leaf"], got["key"]) == ((2, 2), (2, 2))
    assert ("<built-in method builtins.sorted>" in got) == (mode == "exact")
    # What was cut takes part in the next: nothing of it is open any more.
    profile.runcall(leaf)
    assert calls(profile)["leaf"] == (3, 3)
    assert callers(profile, "leaf") == ["key"]


@pytest.mark.parametrize("ours, theirs", [
    (cprof.Profile, cProfile.Profile),
    (lambda: cprof.Profile(mode="fast"), WithoutBuiltins)], ids=["exact", "fast"])
def test_generators_that_were_begun_before(ours, theirs):
    def counts(profile, of):
        generators = [echo() for _ in range(5)]
        for g in generators[1:]:
            next(g)

        def end():
            generators[0].close()
            generators[1].close()
            generators[2].throw(KeyError("k"))
            generators[2].close()
            try:
                generators[3].throw(ValueError("v"))
            except ValueError:
                pass
            leaf()
            del generators[:]
            leaf()

        measure(profile, end)
        return without_disable(of(profile))

    expected = counts(theirs(), of_cprofile)
    assert counts(ours(), of_ours) == expected


def new_functions():
    """A generator, and a function that raises: code that no tracer has met."""
    names = {}
    exec(compile("def generate(got):\n"
                 "    try:\n"
                 "        yield\n"
                 "    except (KeyError, GeneratorExit) as exc:\n"
                 "        got.append(type(exc))\n"
                 "def enabling(profile):\n"
                 "    profile.enable()\n"
                 "    raise KeyError(1)\n", __file__, "exec"), names)
    return names["generate"], names["enabling"]


@MODES
def test_exceptions_into_and_out_of_code_that_is_new(mode):
    profile = cprof.Profile(mode=mode)
    generate, enabling = new_functions()
    got = []
    for end in (lambda g: g.throw(KeyError("k")), lambda g: g.close()):
        g = generate(got)
        next(g)
        try:
            profile.runcall(end, g)
        except StopIteration:
            got.append(StopIteration)
        generate, _ = new_functions()
    with pytest.raises(KeyError):
        # Never begun: it goes straight out again.
        profile.runcall(generate(got).throw, KeyError("k"))
    with pytest.raises(KeyError):
        enabling(profile)
    profile.disable()
    assert got == [KeyError, StopIteration, GeneratorExit]


@MODES
def test_code_that_is_freed_meanwhile(mode):
    """What comes to lie at its address is not taken for it."""
    profile = cprof.Profile(mode=mode)
    here = __file__

    def work():
        for i in range(2000):
            names = {}
            exec(compile("def f%d():\n    leaf()" % i, here, "exec"), {"leaf": leaf}, names)
            names.popitem()[1]()

    work()
    gc.collect()
    profile.runcall(work)
    got = calls(profile)
    assert {name: got[name] for name in got if name[1:].isdigit()} == \
        {"f%d" % i: (1, 1) for i in range(2000)}
    assert got["leaf"] == (2000, 2000) and profile.lost == 0
    assert len(callers(profile, "leaf")) == 2000


DEEP = """
import sys, threading
from ext_archive import Archive
import cprof
sys.setrecursionlimit(100000)

def deep(n):
    return deep(n - 1) if n else 0

profile = cprof.Profile(mode=sys.argv[1])
# Up to 3.10 every call takes C stack, and so does the hook.
threading.stack_size(512 << 20)
thread = threading.Thread(target=profile.runcall, args=(deep, 50000))
thread.start()
thread.join()
profile.create_stats()
(row,) = [row for key, row in profile.stats.items() if key[2] == "deep"]
archive = Archive("archive")
profile.archive("deep", archive.path)
snapshot = archive.one()
assert snapshot.calls()["deep"] == row[1]
assert sum(snapshot.pprof.calls().values()) >= row[1]
print(row[0], row[1], snapshot.json["lost"])
"""


@MODES
def test_50000_frames(tmp_path, in_process, mode):
    (tmp_path / "deep.py").write_text(DEEP)
    out, _ = in_process("import runpy, sys; sys.argv[1:] = [%r]; runpy.run_path('deep.py')" % mode,
                        timeout=120)
    primitive, total, lost = map(int, out.split())
    hook = (mode == "fast" and sys.version_info[:2] != (3, 13)) or \
        (mode == "app" and sys.version_info < (3, 12))
    assert primitive == 1
    # Deeper than 200 frames the hook lets go, and says so.
    assert (total, lost > 0) == ((200, True) if hook else (50001, False))


MILLION = """
import types
import cprof

def template():
    pass

def work(n):
    code = template.__code__
    for i in range(n):
        types.FunctionType(code.replace(co_firstlineno=i + 1), {})()

profile = cprof.Profile(mode="fast")
profile.runcall(work, 1050000)
# Nodes there are a million, one of them the root and one work's.
print(profile.lost)
profile.clear()
profile.runcall(work, 1000)
profile.create_stats()
print(len(profile.stats), profile.lost)
"""


@pytest.mark.skipif(sys.version_info[:2] != (3, 11) or instrumented,
                    reason="takes seconds, and a GB: one version will do")
def test_a_million_functions(in_process):
    """The tree ends at a million nodes, and every call after that is counted as lost."""
    out, _ = in_process(MILLION, timeout=120)
    assert out.split() == [str(1050000 - (1000000 - 2)), "1001", "0"]
