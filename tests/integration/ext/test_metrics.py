"""Metrics beside the wall time, all in one pass."""

import functools
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import pytest

import cprof

# ns: one clock is read a moment after the other, so who spins may have a little more of
# the one or of the other.
MOMENT = 50e3


def sleeper():
    time.sleep(0.05)


def spinner():
    end = time.thread_time() + 0.05
    while time.thread_time() < end:
        pass


def hoarder(n=10000):
    return [bytes(100 + i % 7) for i in range(n)]


def work():
    sleeper()
    spinner()
    return hoarder()


def serve(middleware):
    return b"".join(middleware({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *args: None))


def app(environ, start_response):
    start_response("200 OK", [])
    work()
    return [b"x"]


def costs(snapshot):
    """{function: {event: inclusive cost}} of profile.kgrind, callers' arcs added up."""
    events, totals, fn, names, call = [], {}, None, {}, False
    for line in snapshot.read("profile.kgrind").decode().splitlines():
        if line.startswith("events:"):
            events = line.split()[1:]
        elif line.startswith("fn=") or line.startswith("cfn="):
            number, _, name = line.split("=", 1)[1].partition(" ")
            name = names.setdefault(number, name)
            if line.startswith("fn="):
                fn = name
        elif line.startswith("calls="):
            call = True
        elif line[:1].isdigit() and fn:
            values = [int(v) for v in line.split()[1:]]
            values += [0] * (len(events) - len(values))
            row = totals.setdefault(fn, dict.fromkeys(events, 0))
            for event, value in zip(events, values):
                row[event] += value
            call = False
    return totals


def test_each_function_has_its_own(archive):
    serve(archive.wrap(app, metrics=["wall", "cpu", "allocs", "alloc_bytes", "vcsw"]))
    of = costs(archive.one())

    assert of["sleeper"]["wall"] >= 45e6
    assert of["sleeper"]["cpu"] < 0.5 * of["sleeper"]["wall"]
    assert of["sleeper"]["vcsw"] >= 1
    assert of["spinner"]["cpu"] >= 40e6
    assert of["spinner"]["allocs"] < of["hoarder"]["allocs"]
    assert of["hoarder"]["allocs"] >= 10000
    assert of["hoarder"]["alloc_bytes"] >= 10000 * 100
    assert of["app"]["alloc_bytes"] >= of["hoarder"]["alloc_bytes"]
    assert of["app"]["cpu"] <= of["app"]["wall"] + MOMENT


def test_pprof_has_a_sample_type_for_each(archive):
    serve(archive.wrap(app, metrics=["cpu", "allocs"]))
    assert archive.one().pprof.types == ["calls", "wall", "cpu", "allocs"]


def test_a_callable(archive):
    queries = []

    def query():
        queries.append(1)

    def sql(count=queries):
        return len(count)

    def view(environ, start_response):
        start_response("200 OK", [])
        query()
        query()
        return []

    serve(archive.wrap(view, metrics=[sql]))
    of = costs(archive.one())
    query_name = next(name for name in of if name.endswith("query"))
    assert of[query_name]["sql"] == 2
    assert not any(name.endswith("<locals>.sql") for name in of), "the callable is not profiled"


def test_a_callable_that_fails_or_goes_back(archive):
    readings = [3, 1, "x", None, 5, float("nan"), float("inf"), 7]

    def odd():
        return readings.pop(0) if readings else 1 / 0

    serve(archive.wrap(app, metrics=[odd]))
    of = costs(archive.one())
    assert 0 <= of["app"]["odd"] <= 7


@pytest.mark.parametrize("metrics, error", [
    (["speed"], ValueError),
    ([1], TypeError),
    (5, TypeError),
    ([lambda i=i: i for i in range(3)] + [type("m%d" % i, (), {"__call__": lambda s: 0})()
                                           for i in range(9)], ValueError),
])
def test_what_is_no_metric(archive, metrics, error):
    with pytest.raises(error):
        archive.wrap(app, metrics=metrics)


def test_threads_count_for_themselves(archive):
    middleware = archive.wrap(app, metrics=["allocs"])
    stop = threading.Event()

    def noise():
        while not stop.is_set():
            hoarder(1000)

    other = threading.Thread(target=noise)
    other.start()
    try:
        serve(middleware)
    finally:
        stop.set()
        other.join()
    of = costs(archive.one())
    assert 10000 <= of["hoarder"]["allocs"] < 40000
    assert of["sleeper"]["allocs"] < 1000


def test_nothing_is_counted_after(archive):
    serve(archive.wrap(app, metrics=["allocs", "alloc_bytes"]))
    hoarder()  # the allocators are their own again
    serve(archive.wrap(app))
    assert [snapshot.json["lost"] for snapshot in archive.snapshots()] == [0, 0]


def test_blocks_of_a_body_add_up(archive):
    def view(environ, start_response):
        start_response("200 OK", [])

        def body():
            yield bytes(len(hoarder()) and 1)
            yield bytes(len(hoarder()) and 1)
        return body()

    middleware = archive.wrap(view, metrics=["allocs", "cpu"])
    response = middleware({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *args: None)
    next(response)
    hoarder(50000)  # the server's
    next(response)
    response.close()
    of = costs(archive.one())
    assert 20000 <= of["hoarder"]["allocs"] < 60000


class SlowRule:
    """What a framework leaves in environ, whose name takes a while to find."""
    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    @property
    def rule(self):
        time.sleep(0.05)
        self.meanwhile()
        return "/slow"


def routed(meanwhile, environ, start_response):
    environ["bottle.route"] = SlowRule(meanwhile)
    start_response("200 OK", [])
    spinner()
    return []


def test_what_helpers_wait_and_allocate_is_not_the_requests(archive):
    view = functools.partial(routed, hoarder)
    serve(archive.wrap(view, metrics=["cpu", "allocs", "vcsw"]))
    snapshot = archive.one()
    of = costs(snapshot)["routed"]
    assert snapshot.json["route"] == "/slow"
    assert 40e6 <= of["cpu"] <= of["wall"] + MOMENT
    assert of["allocs"] < 10000


def test_a_helper_that_switches_greenlets(archive):
    greenlet = pytest.importorskip("greenlet")
    hub = greenlet.getcurrent()

    middleware = archive.wrap(functools.partial(routed, hub.switch), metrics=["cpu", "allocs"])
    served = greenlet.greenlet(lambda: serve(middleware))
    served.switch()
    hoarder()
    sleeper()
    served.switch()
    assert served.dead
    of = costs(archive.one())["routed"]
    assert 40e6 <= of["cpu"] <= of["wall"] + MOMENT
    assert of["allocs"] < 10000


def test_other_greenlets_allocate_for_themselves(archive):
    greenlet = pytest.importorskip("greenlet")
    hub = greenlet.getcurrent()
    profile = cprof.Profile(metrics=["allocs", "cpu"])

    def first():
        with profile:
            hoarder()
            hub.switch()
            hoarder()

    served = greenlet.greenlet(first)
    served.switch()
    hoarder(50000)
    sleeper()
    served.switch()
    profile.archive("first", archive.path)
    of = costs(archive.one())
    assert 20000 <= of["hoarder"]["allocs"] < 40000
    switch = next(row for name, row in of.items() if "switch" in name)
    assert switch["allocs"] < 1000
    assert switch["wall"] - switch["cpu"] >= 45e6


def test_one_that_ends_while_its_greenlet_is_parked(archive):
    greenlet = pytest.importorskip("greenlet")
    hub = greenlet.getcurrent()
    profile = cprof.Profile(metrics=["allocs", "cpu"])

    def first():
        profile.enable()
        spinner()
        hub.switch()
        profile.enable()
        hoarder()
        profile.disable()

    served = greenlet.greenlet(first)
    served.switch()
    hoarder(50000)
    sleeper()
    profile.disable()
    served.switch()
    profile.archive("first", archive.path)
    of = costs(archive.one())
    assert 10000 <= of["hoarder"]["allocs"] < 20000
    assert of["spinner"]["cpu"] >= 40e6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_one_that_is_enabled_across_a_fork(archive):
    """The child's clock of its thread begins at nothing."""
    profile = cprof.Profile(metrics=["cpu", "allocs"])
    profile.enable()
    spinner()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            profile.enable()  # becomes the child's
            hoarder()
            spinner()
            profile.disable()
            profile.archive("child", archive.path)
            status = 0 if cprof.flush(30) else 2
        finally:
            os._exit(status)
    profile.disable()
    assert os.waitpid(child, 0)[1] == 0
    of = costs(archive.one())
    assert 40e6 <= of["spinner"]["cpu"] <= of["spinner"]["wall"] + MOMENT
    assert 10000 <= of["hoarder"]["allocs"] < 20000


def test_flush_is_there():
    assert cprof.flush(30)


SLOW_CLOCK = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	struct timespec wait = { 0, 3000000 };

	if (id == CLOCK_THREAD_CPUTIME_ID)
		nanosleep(&wait, 0);
	return (int)syscall(SYS_clock_gettime, id, t);
}
"""

ASKS_IT = """
import cprof
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"x"]
b"".join(cprof.CProfMiddleware(app, metrics=["cpu"])(
    {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *args: None))
cprof.flush()
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc") or "LD_PRELOAD" in os.environ,
                    reason="puts itself between cprof and the clock")
def test_what_waits_in_a_pause_is_not_taken_off(tmp_path):
    """As a thread does that is preempted while cprof asks for its CPU time: no wall time
    of the request, which was taken off its CPU time nevertheless and left less than none."""
    (tmp_path / "slow.c").write_text(SLOW_CLOCK)
    subprocess.check_call(["cc", "-shared", "-fPIC", "-o", "slow.so", "slow.c"], cwd=str(tmp_path))
    subprocess.check_call([sys.executable, "-c", ASKS_IT], env=dict(
        os.environ, LD_PRELOAD=str(tmp_path / "slow.so"), CPROF_DIR=str(tmp_path / "archive")))
    text = next((tmp_path / "archive").glob("*/GET*/profile.kgrind")).read_text()
    assert "events: wall cpu\n" in text
    # What is less than none is written as 0 there.
    assert int(re.search(r"^fn=\(\d+\) app\n\d+ \d+ (\d+)$", text, re.M).group(1)) > 0
