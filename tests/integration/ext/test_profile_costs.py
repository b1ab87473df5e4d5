"""What tracing costs is taken out of profiles as of requests, and stated."""

import sys
import time

import pytest

import cprof
from cprof import _calibration


def nothing():
    pass


def many(n=20000):
    for _ in range(n):
        nothing()


@pytest.fixture
def calibrations(monkeypatch):
    """Grows each time the tracer's cost is measured."""
    seen = []
    loop = _calibration.empty_loop
    monkeypatch.setattr(_calibration, "empty_loop", lambda n: (seen.append(n), loop(n)))
    return seen


def states_its_cost(json):
    assert json["events"] >= 40000
    assert 0 < json["tracer_seconds"] < json["wall_seconds"]
    assert json["ns_per_event"] == pytest.approx(json["tracer_seconds"] * 1e9 / json["events"],
                                                 rel=0.01)
    assert json["tracer_share"] == pytest.approx(json["tracer_seconds"] / json["wall_seconds"],
                                                 rel=0.01)
    assert json["lost"] == 0


@pytest.mark.parametrize("mode", ["exact", "fast", "app"])
def test_an_archived_profile_states_its_cost(archive, mode):
    profile = cprof.Profile(mode=mode)
    profile.runcall(many)
    profile.archive("many", archive.path)
    snapshot = archive.one()
    states_its_cost(snapshot.json)
    assert sum(row[2] for row in snapshot.stats.values()) <= \
        snapshot.json["wall_seconds"] - snapshot.json["tracer_seconds"] + 1e-6


def test_an_archived_call_states_its_cost(archive):
    @cprof.profile(archive=True, directory=archive.path)
    def decorated():
        many()

    decorated()
    states_its_cost(archive.one().json)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="takes seconds: one version will do")
def test_a_function_that_is_called_for_long_is_calibrated_again(calibrations):
    @cprof.profile
    def decorated():
        nothing()

    decorated()
    calibrations.clear()
    decorated()
    assert calibrations == []
    time.sleep(5.1)
    decorated()
    assert calibrations != []


def test_a_mode_is_calibrated_when_it_is_first_used(in_process):
    out, _ = in_process("""
        import cprof
        from cprof import _calibration
        seen = []
        loop = _calibration.empty_loop
        _calibration.empty_loop = lambda n: (seen.append(n), loop(n))
        profile = cprof.Profile()
        for builtins in (True, False, True, False):
            profile.enable(builtins=builtins)
            profile.disable()
            print(len(seen) > 0)
            del seen[:]
        profile.runcall(len, "")
        cprof.Profile(timer=lambda: 0.0, mode="app").runcall(len, "")
        print(len(seen) > 0)
    """)
    assert out.split() == ["True", "True", "False", "False", "False"]
