"""What a profile allocates while it runs: nothing, once every path has been seen."""

import pytest

import cprof
from cprof import _cprof

fail_at = getattr(_cprof, "_fail_at", None)


def leaf(n):
    return n


def numbers(n):
    for i in range(n):
        yield leaf(i)


def fail():
    raise KeyError("k")


def work(n=20):
    for _ in range(n):
        sum(numbers(3))
        sorted([3, 1, 2], key=leaf)
        "a b".split()
        try:
            fail()
        except KeyError:
            pass


def allocations():
    """Of the extension, since it was asked before."""
    return fail_at(0, False)


pytestmark = pytest.mark.skipif(fail_at is None, reason="built without CPROF_TESTS")
OPTIONS = [{"mode": "exact"}, {"mode": "fast"}, {"mode": "app"},
           {"metrics": ["cpu", "vcsw", "allocs", "alloc_bytes"]}]


@pytest.mark.parametrize("options", OPTIONS, ids=["exact", "fast", "app", "metrics"])
def test_nothing_is_allocated_once_a_path_was_seen(options):
    profile = cprof.Profile(**options)
    counts = []

    def measured():
        for n in (1, 1, 1, 1000):
            work(n)
            counts.append(allocations())

    allocations()
    profile.runcall(measured)
    profile.create_stats()
    (calls,) = [row[1] for key, row in profile.stats.items() if key[2] == "fail"]
    assert calls == 1003
    # allocations() itself was new at first.
    assert counts[0] > 0 and counts[2:] == [0, 0]
