"""The tracer counts what cProfile counts: same functions, calls, primitive calls
and arcs, on each version."""

import cProfile
import gc
import re
import sys

import pytest
from ext_cprofile import WithoutBuiltins
from workloads import WORKLOADS

import cprof


def key(code):
    if isinstance(code, str):
        return "~", 0, re.sub(r" at 0x[0-9A-Fa-f]+", "", code)
    return code.co_filename, code.co_firstlineno, code.co_name


def of_cprofile(profiler):
    """By getstats(), added up: create_stats() keeps one of those that share a key."""
    functions, arcs = {}, {}
    for entry in profiler.getstats():
        add(functions, key(entry.code), entry)
        for callee in entry.calls or ():
            add(arcs, (key(entry.code), key(callee.code)), callee)
    return functions, arcs


def add(table, name, entry):
    primitive, calls = table.get(name, (0, 0))
    table[name] = (primitive + entry.callcount - entry.reccallcount, calls + entry.callcount)


def of_ours(profiler):
    profiler.create_stats()
    functions, arcs = {}, {}
    for callee, (cc, nc, _, _, callers) in profiler.stats.items():
        functions[callee] = cc, nc
        for caller, (arc_nc, arc_cc, _, _) in callers.items():
            arcs[caller, callee] = arc_cc, arc_nc
    return functions, arcs


def measure(profiler, work):
    gc.collect()
    gc.disable()
    try:
        profiler.enable()
        work()
        profiler.disable()
    finally:
        gc.enable()


def without_disable(tables):
    functions, arcs = tables
    return ({name: row for name, row in functions.items() if "'disable'" not in name[2]},
            {pair: row for pair, row in arcs.items() if "'disable'" not in pair[1][2]})


@pytest.mark.parametrize("work", WORKLOADS, ids=lambda work: work.__name__)
def test_same_functions_calls_and_arcs(work):
    work()  # what is done only once is done
    theirs, ours = cProfile.Profile(), cprof.Profile()
    measure(theirs, work)
    measure(ours, work)
    functions, arcs = without_disable(of_ours(ours))
    expected_functions, expected_arcs = without_disable(of_cprofile(theirs))
    assert functions == expected_functions
    assert arcs == expected_arcs
    assert any(name[2] == work.__name__ for name in functions)


@pytest.mark.parametrize("work", WORKLOADS, ids=lambda work: work.__name__)
def test_fast_mode_without_builtins(work):
    def often():
        for _ in range(30):
            work()

    often()  # the interpreter has specialised its instructions by now
    theirs, ours = WithoutBuiltins(), cprof.Profile(mode="fast")
    measure(ours, often)
    measure(theirs, often)
    assert without_disable(of_ours(ours)) == without_disable(of_cprofile(theirs))


def deep(n):
    return n and deep(n - 1)


def test_deep_recursion():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20000)
    try:
        with cprof.Profile() as profiler:
            deep(5000)
    finally:
        sys.setrecursionlimit(limit)
    functions, arcs = of_ours(profiler)
    (this,) = [name for name in functions if name[2] == "deep"]
    assert functions[this] == (1, 5001)
    # The arc to itself: one of its calls is not inside another of the same arc.
    assert arcs[this, this] == (1, 5000)


def test_recursion_error_leaves_no_frame_open():
    def endless():
        endless()

    with cprof.Profile() as profiler:
        try:
            endless()
        except RecursionError:
            pass
        deep(0)
    functions, arcs = of_ours(profiler)
    # deep was called by this test, not by what had overflowed.
    assert [caller[2] for caller, callee in arcs if callee[2] == "deep"] == []
    assert [functions[name] for name in functions if name[2] == "deep"] == [(1, 1)]
