"""Greenlets share a thread, not a profile."""

import sys

import pytest
from ext_client import environ_for, serve

import cprof

greenlet = pytest.importorskip("greenlet")

OK = "200 OK", []


@pytest.fixture
def archive(archive_of_mode):
    return archive_of_mode


def work(n):
    return n


def deeper(n, switch):
    switch()
    return work(n)


def calls(snapshot_or_profile):
    if isinstance(snapshot_or_profile, cprof.Profile):
        snapshot_or_profile.create_stats()
        stats = snapshot_or_profile.stats
    else:
        stats = snapshot_or_profile.stats
    return {key[2]: row[1] for key, row in stats.items()}


def test_requests_that_switch_between_each_other(archive):
    hub = greenlet.getcurrent()

    def app(environ, start_response):
        n = int(environ["PATH_INFO"][1:])
        for i in range(n):
            deeper(i, hub.switch)
        start_response(*OK)
        return []

    middleware = archive.wrap(app)
    running = [greenlet.greenlet(lambda n=n: serve(middleware, "/%d" % n)) for n in range(1, 9)]
    while running:
        for g in list(running):
            g.switch()
            work(0)  # the hub's own
            if g.dead:
                running.remove(g)
    assert sys.getprofile() is None
    for snapshot in archive.snapshots():
        n = int(snapshot.json["path"][1:])
        assert calls(snapshot)["work"] == calls(snapshot)["deeper"] == n
        assert snapshot.pprof.stacks().get("deeper;work") is None
    assert len(archive.snapshots()) == 8


def test_stacks_stay_apart(archive):
    """A return in one greenlet closes no call of another."""
    hub = greenlet.getcurrent()

    def outer(switch):
        switch()
        inner(switch)
        return work(1)

    def inner(switch):
        switch()
        return work(2)

    def app(environ, start_response):
        outer(hub.switch)
        start_response(*OK)
        return []

    middleware = archive.wrap(app)
    gs = [greenlet.greenlet(lambda: serve(middleware)) for _ in range(3)]
    for _ in range(3):
        for g in gs:
            g.switch()
    assert all(g.dead for g in gs)
    for snapshot in archive.snapshots():
        stacks = {tuple(name.split(".")[-1] for name in stack.split(";")): n
                  for stack, n in snapshot.pprof.stacks().items()}
        assert stacks["app", "outer", "inner", "work"] == 1
        assert stacks["app", "outer", "work"] == 1


def test_greenlet_without_a_profile_among_those_with(archive):
    main = greenlet.getcurrent()

    def unprofiled():
        while True:
            work("nobody's")
            main.switch()

    other = greenlet.greenlet(unprofiled)

    def app(environ, start_response):
        for i in range(3):
            other.switch()
            work(i)
        start_response(*OK)
        return []

    serve(archive.wrap(app))
    assert calls(archive.one())["work"] == 3
    assert "unprofiled" not in calls(archive.one())
    other.throw(greenlet.GreenletExit)


def test_greenlet_thrown_into(archive):
    hub = greenlet.getcurrent()

    def app(environ, start_response):
        try:
            deeper(1, hub.switch)
        except KeyError:
            work(2)
        start_response(*OK)
        return []

    middleware = archive.wrap(app)
    g = greenlet.greenlet(lambda: serve(middleware))
    g.switch()
    g.throw(KeyError)
    assert g.dead
    assert calls(archive.one())["work"] == 1


def test_greenlet_killed_in_a_request(archive):
    hub = greenlet.getcurrent()

    def app(environ, start_response):
        hub.switch()

    middleware = archive.wrap(app)
    g = greenlet.greenlet(lambda: serve(middleware))
    g.switch()
    g.throw()
    assert g.dead and sys.getprofile() is None
    assert archive.one().json["exception"] == "greenlet.GreenletExit"
    work(1)
    assert len(archive.snapshots()) == 1


def test_greenlet_collected_in_a_request(archive):
    hub = greenlet.getcurrent()

    def app(environ, start_response):
        hub.switch()

    middleware = archive.wrap(app)
    for _ in range(20):
        g = greenlet.greenlet(lambda: serve(middleware))
        g.switch()
        del g
        work(1)
    assert sys.getprofile() is None
    assert len(archive.snapshots()) == 20


def test_greenlet_that_is_left_for_good_and_its_successors(archive, mode):
    """New greenlets at the address of dead ones inherit nothing."""
    hub = greenlet.getcurrent()
    profile = cprof.Profile(mode=mode)

    def leaves_it_on():
        profile.enable()
        work(1)

    def app(environ, start_response):
        deeper(1, hub.switch)
        start_response(*OK)
        return []

    greenlet.greenlet(leaves_it_on).switch()
    middleware = archive.wrap(app)
    for _ in range(10):
        g = greenlet.greenlet(lambda: serve(middleware))
        g.switch()
        g.switch()
        assert g.dead
    profile.disable()
    assert calls(profile)["work"] == 1
    assert [calls(s)["work"] for s in archive.snapshots()] == [1] * 10


def test_profile_ended_in_another_greenlet(mode):
    hub = greenlet.getcurrent()
    profile = cprof.Profile(mode=mode)

    def begins():
        profile.enable()
        work(1)
        hub.switch()
        work(2)
        with cprof.Profile(mode=mode) as other:
            work(3)
        others.append(calls(other)["work"])

    others = []
    g = greenlet.greenlet(begins)
    g.switch()
    profile.disable()
    assert calls(profile)["work"] == 1
    del profile
    g.switch()
    assert others == [1]
    assert sys.getprofile() is None


def test_stream_taken_by_other_greenlets(archive):
    def app(environ, start_response):
        start_response(*OK)
        for i in range(3):
            yield b"%d" % work(i)

    result = archive.wrap(app)(environ_for(), lambda *a: None)
    iterator = iter(result)
    blocks = [greenlet.greenlet(lambda: next(iterator)).switch() for _ in range(3)]
    result.close()
    assert blocks == [b"0", b"1", b"2"]
    assert calls(archive.one())["work"] == 3


def test_switching_inside_a_body(archive):
    hub = greenlet.getcurrent()

    def app(environ, start_response):
        start_response(*OK)
        for i in range(int(environ["PATH_INFO"][1:])):
            yield b"%d" % deeper(i, hub.switch)

    middleware = archive.wrap(app)
    gs = [greenlet.greenlet(lambda n=n: serve(middleware, "/%d" % n)) for n in (2, 3, 4)]
    while not all(g.dead for g in gs):
        for g in gs:
            if not g.dead:
                g.switch()
    assert {s.json["path"]: calls(s)["work"] for s in archive.snapshots()} == {
        "/2": 2, "/3": 3, "/4": 4}


def test_trace_function_of_others_is_called_on_and_put_back(archive):
    events = []

    def theirs(event, args):
        events.append(event)

    hub = greenlet.getcurrent()

    def app(environ, start_response):
        deeper(1, hub.switch)
        start_response(*OK)
        return []

    middleware = archive.wrap(app)
    before = greenlet.settrace(theirs)
    try:
        g = greenlet.greenlet(lambda: serve(middleware))
        g.switch()
        events.clear()
        g.switch()
        assert "switch" in events
        assert greenlet.gettrace() is theirs
    finally:
        greenlet.settrace(before)
    assert calls(archive.one())["work"] == 1


def test_nested_request_in_a_greenlet(archive):
    """A view that serves a request in a new greenlet: two profiles."""

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/outer":
            greenlet.greenlet(lambda: serve(middleware, "/inner")).switch()
            work(1)
        else:
            work(1), work(2)
        start_response(*OK)
        return []

    middleware = archive.wrap(app)
    serve(middleware, "/outer")
    assert {s.json["path"]: calls(s)["work"] for s in archive.snapshots()} == {
        "/outer": 1, "/inner": 2}


GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, sys, time, threading, logging
from ext_client import serve
import cprof

def work(n):
    return n

def app(environ, start_response):
    n = int(environ["PATH_INFO"][1:])
    for i in range(n):
        time.sleep(0.001)
        work(i)
    start_response("200 OK", [])
    def body():
        for i in range(n):
            gevent.sleep(0)
            yield b"%d" % work(i)
    return body()

middleware = cprof.CProfMiddleware(app)
jobs = [gevent.spawn(serve, middleware, "/%d" % n) for n in range(20)]
gevent.joinall(jobs, raise_error=True)
assert sys.getprofile() is None
"""


def test_gevent(in_process, tmp_path, mode):
    pytest.importorskip("gevent")
    from ext_archive import Archive

    in_process(GEVENT, as_file=True, CPROF_MODE=mode)
    snapshots = Archive(tmp_path / "profiling").snapshots()
    assert {s.json["path"]: calls(s).get("work", 0) for s in snapshots} == {
        "/%d" % n: 2 * n for n in range(20)}
    for snapshot in snapshots:
        assert snapshot.json["cpu_seconds"] < 0.5
        assert snapshot.json["interrupted"] is False


def test_gevent_timeout_and_kill(in_process, tmp_path, mode):
    pytest.importorskip("gevent")
    from ext_archive import Archive

    in_process(GEVENT.replace("jobs =", """
def stuck(environ, start_response):
    work(1)
    gevent.sleep(60)

stuck_middleware = cprof.CProfMiddleware(stuck)
g = gevent.spawn(serve, stuck_middleware, "/stuck")
gevent.sleep(0.01)
g.kill()
try:
    with gevent.Timeout(0.01):
        serve(stuck_middleware, "/late")
except gevent.Timeout:
    pass
assert sys.getprofile() is None
jobs ="""), as_file=True, CPROF_MODE=mode)
    snapshots = {s.json["path"]: s for s in Archive(tmp_path / "profiling").snapshots()}
    assert len(snapshots) == 22
    assert snapshots["/stuck"].json["exception"] == "greenlet.GreenletExit"
    assert snapshots["/late"].json["exception"].endswith("Timeout")
    assert calls(snapshots["/late"])["work"] == 1
