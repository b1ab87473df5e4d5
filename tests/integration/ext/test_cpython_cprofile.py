"""CPython's own tests of cProfile, with cprof.Profile in its place: the ones that
came with the interpreter which runs this."""

import functools
import importlib
import os
import sys
import unittest

import pytest

import cprof

for name in ("test.test_profiling.test_tracing_profiler", "test.test_cprofile"):
    try:
        theirs = importlib.import_module(name)
        break
    except ImportError:
        continue
else:
    pytest.skip("this Python was installed without its test package", allow_module_level=True)

TOOL = "asserts that tool 2 of sys.monitoring is taken, and called cProfile: ours has its own"

# What cannot hold, and why.
SKIPPED = {
    "test_second_profiler": "asserts that a second profiler fails: ours are independent",
}
if hasattr(theirs.CProfileTest, "test_crash_with_not_enough_args"):
    SKIPPED["test_crash_with_not_enough_args"] = "calls cProfile's private methods"
if sys.version_info >= (3, 12):
    SKIPPED["test_profile_enable_disable"] = TOOL
    SKIPPED["test_profile_as_context_manager"] = TOOL


def cases():
    for case in vars(theirs).values():
        if isinstance(case, type) and issubclass(case, unittest.TestCase):
            if case.__module__ == theirs.__name__:
                for method in unittest.TestLoader().getTestCaseNames(case):
                    yield pytest.param(case, method, id="%s.%s" % (case.__name__, method))


def for_cprof(run):
    """assert_python_ok('-m', 'cProfile', ...) and its like."""

    @functools.wraps(run)
    def run_cprof(*args, **environ):
        # They run with -I or -E unless they are given a variable.
        environ["PYTHONPATH"] = os.environ["PYTHONPATH"]
        return run(*["cprof" if arg == "cProfile" else arg for arg in args], **environ)

    return run_cprof


@pytest.fixture
def in_place_of_cprofile(monkeypatch):
    import _lsprof
    shared = importlib.import_module(
        next(base for case in vars(theirs).values() if isinstance(case, type)
             for base in [b.__module__ for b in case.__mro__] if base.endswith("test_profile")))
    assert theirs.CProfileTest.profilermodule.__name__ in ("cProfile", "profiling.tracing")
    monkeypatch.setattr(_lsprof, "Profiler", cprof.Profile)
    monkeypatch.setattr(theirs.CProfileTest, "profilerclass", cprof.Profile)
    monkeypatch.setattr(theirs.CProfileTest, "profilermodule", cprof)
    for module in (theirs, shared):
        for helper in ("assert_python_ok", "assert_python_failure"):
            if hasattr(module, helper):
                monkeypatch.setattr(module, helper, for_cprof(getattr(module, helper)))


# A timer that fails says so, also after the test that wants to see it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("case, method", cases())
def test_as_cprofile(case, method, in_place_of_cprofile, tmp_path, monkeypatch):
    if method in SKIPPED:
        pytest.skip(SKIPPED[method])
    monkeypatch.chdir(tmp_path)
    result = unittest.TestResult()
    case(method).run(result)
    # test_bad_counter_during_dealloc leaves one on: up to 3.11 it is ended there by
    # disable() of another.
    if isinstance(sys.getprofile(), cprof.Profile):
        sys.getprofile().disable()
    assert result.testsRun == 1
    assert not result.skipped, result.skipped
    problems = result.errors + result.failures
    assert not problems, "\n".join(text for _, text in problems)


def test_every_skip_is_of_a_test_there_is():
    names = {param.values[1] for param in cases()}
    if sys.version_info >= (3, 12):
        assert set(SKIPPED) <= names
    assert len(names) >= 9
