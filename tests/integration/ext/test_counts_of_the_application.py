"""App mode counts what cProfile counts of the application's own functions, and puts
each call under the caller that is left when all others are taken off the stack."""

import cProfile
import os

import pytest
from test_counts_as_cprofile import measure, of_cprofile, of_ours
from workloads import WORKLOADS

import cprof

HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def is_own(function):
    return function[0].startswith(HERE)


def own_stacks(snapshot):
    """The exact call tree without foreign functions: [(stack, calls of its last)]."""
    for stack, values in snapshot.pprof.samples:
        keys = [(f.file, f.line, f.name) for f in stack]
        if keys and is_own(keys[-1]) and values["calls"]:
            yield [key for key in keys if is_own(key)], values["calls"]


def expected(snapshot):
    """Functions and arcs, as create_stats() has them."""
    functions, arcs = {}, {}
    for stack, calls in own_stacks(snapshot):
        pairs = list(zip(stack, stack[1:]))
        count(functions, stack[-1], calls, stack[-1] not in stack[:-1])
        if pairs:
            count(arcs, pairs[-1], calls, pairs[-1] not in pairs[:-1])
    return functions, arcs


def count(table, key, calls, is_outermost):
    primitive, total = table.get(key, (0, 0))
    table[key] = primitive + (calls if is_outermost else 0), total + calls


@pytest.mark.parametrize("work", WORKLOADS, ids=lambda work: work.__name__)
def test_app_mode(archive, work):
    assert HERE.startswith(os.getcwd() + os.sep), "the tests are the application"
    for _ in range(10):
        work()
    exact, app, theirs = cprof.Profile(), cprof.Profile(mode="app"), cProfile.Profile()
    for profile in exact, app, theirs:
        measure(profile, work)
    exact.archive(work.__name__, archive.path)
    functions, arcs = of_ours(app)
    assert (functions, arcs) == expected(archive.one())
    assert functions == {key: row for key, row in of_cprofile(theirs)[0].items() if is_own(key)}
    assert any(name == work.__name__ for _, _, name in functions)
