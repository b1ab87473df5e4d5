"""Where cProfile itself is wrong: what it says, and what is so."""

import cProfile
import sys
import threading
import types

import pytest
from test_counts_names import A, B, C

import cprof


def make_dataclasses():
    for cls, n in ((A, 3), (B, 50), (C, 7)):
        for _ in range(n):
            cls()


def stats_of(profile, work):
    profile.enable()
    work()
    profile.disable()
    profile.create_stats()
    return profile.stats


def calls_of(stats, name):
    return sum(row[1] for key, row in stats.items() if key[2] == name)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_functions_under_one_key(mode):
    """It keeps one of those that share file, line and name: A's calls, or B's."""
    assert calls_of(stats_of(cprof.Profile(mode=mode), make_dataclasses), "__init__") == 60
    theirs = calls_of(stats_of(cProfile.Profile(), make_dataclasses), "__init__")
    assert theirs in (3, 50, 7, 3 + 7, 50 + 7), "cProfile is right: let the test say so"


def elsewhere():
    pass


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_other_threads(mode):
    """From 3.12 on it mixes in what all other threads do meanwhile."""
    def work():
        # Both take turns, whatever the scheduler thinks of it.
        for _ in range(20):
            go.set()
            assert back.wait(10)
            back.clear()

    def other():
        while True:
            go.wait(10)
            go.clear()
            if over:
                return
            elsewhere()
            back.set()

    go, back, over = threading.Event(), threading.Event(), []
    thread = threading.Thread(target=other)
    thread.start()
    try:
        ours = stats_of(cprof.Profile(mode=mode), work)
        theirs = stats_of(cProfile.Profile(), work)
    finally:
        over.append(1)
        go.set()
        thread.join()
    assert (calls_of(ours, "work"), calls_of(ours, "elsewhere")) == (1, 0)
    # Returns there end calls here: of work itself it may count two.
    mixed = sys.version_info >= (3, 12)
    assert (calls_of(theirs, "elsewhere") > 0) == mixed


def c_functions_bound_by_hand():
    rows = [3]
    call, append = types.MethodType(len, rows), types.MethodType(list.append, rows)
    key = types.MethodType(sorted, rows)
    for _ in range(3):
        call()
        append(1)
        key(key=abs)
        types.MethodType(int, "7")()
        call(*())  # calls the method, which is no C function
        append(*[2])
        for fails in call, append:
            try:
                fails(1, 2)
            except TypeError:
                pass
        "x".upper()


def one_after_another():
    c_functions_bound_by_hand()
    c_functions_bound_by_hand()


def test_c_functions_bound_by_hand():
    """In 3.12 and 3.13 it misses their calls, and takes their returns for the caller's;
    before 3.11 the interpreter tells a profiler nothing of them."""
    ours = stats_of(cprof.Profile(), one_after_another)
    theirs = stats_of(cProfile.Profile(), one_after_another)
    expected = {"c_functions_bound_by_hand": (2, "one_after_another"),
                "<built-in method builtins.len>": (12, "c_functions_bound_by_hand"),
                "<method 'append' of 'list' objects>": (12, "c_functions_bound_by_hand"),
                "<built-in method builtins.sorted>": (6, "c_functions_bound_by_hand"),
                "<method 'upper' of 'str' objects>": (6, "c_functions_bound_by_hand")}
    if sys.version_info < (3, 11):
        assert calls_and_callers(ours, expected) == calls_and_callers(theirs, expected)
        return
    assert calls_and_callers(ours, expected) == expected
    if sys.version_info[:2] not in ((3, 12), (3, 13)):
        assert calls_and_callers(theirs, expected) == expected


def calls_and_callers(stats, names):
    return {key[2]: (row[1], *(caller[2] for caller in row[4]))
            for key, row in stats.items() if key[2] in names}
