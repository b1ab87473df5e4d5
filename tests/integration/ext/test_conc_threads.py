"""Requests at once: each has its own, true profile."""

import asyncio
import sys
import threading

import pytest
from ext_client import environ_for, serve

import cprof

OK = "200 OK", []


@pytest.fixture
def archive(archive_of_mode):
    return archive_of_mode


def work(n):
    return n


def helper(n):
    return [work(i) for i in range(n)]


def counting(environ, start_response):
    n = int(environ["PATH_INFO"][1:])
    for _ in range(10):
        helper(n)
    start_response(*OK)
    return iter([b"x"] * n)


def run_threads(targets):
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_eight_threads(archive, quick_switches):
    middleware = archive.wrap(counting)
    barrier = threading.Barrier(8)
    wrong = []

    def client(n):
        barrier.wait()
        for _ in range(10):
            if serve(middleware, "/%d" % n).body != b"x" * n:
                wrong.append(n)
        if sys.getprofile() is not None:
            wrong.append(sys.getprofile())

    run_threads([lambda n=n: client(n) for n in range(1, 9)])
    assert wrong == []
    snapshots = archive.snapshots()
    assert len(snapshots) == 80
    for snapshot in snapshots:
        n = int(snapshot.json["path"][1:])
        calls = snapshot.calls()
        assert (calls["work"], calls["helper"], calls["counting"]) == (10 * n, 10, 1)
        assert snapshot.pprof.stacks().get("counting;work") is None
        assert snapshot.json["lost"] == 0
    assert sorted(s.json["served_before"] for s in snapshots) == list(range(80))
    assert len({s.json["thread"] for s in snapshots}) == 8


def test_unprofiled_threads_are_in_nobodys_profile(archive, quick_switches):
    stop = threading.Event()

    def noise():
        while not stop.is_set():
            unwanted()

    def unwanted():
        pass

    def app(environ, start_response):
        helper(1000)
        start_response(*OK)
        return []

    thread = threading.Thread(target=noise)
    thread.start()
    try:
        for _ in range(5):
            serve(archive.wrap(app))
    finally:
        stop.set()
        thread.join()
    for snapshot in archive.snapshots():
        assert "unwanted" not in snapshot.calls()
        assert snapshot.calls()["work"] == 1000


def test_thread_that_outlives_its_request(archive):
    go, done = threading.Event(), threading.Event()
    hooks = []

    def later():
        go.wait(10)
        hooks.append(sys.getprofile())
        work(1)
        done.set()

    def app(environ, start_response):
        threading.Thread(target=later).start()
        start_response(*OK)
        return []

    serve(archive.wrap(app))
    go.set()
    assert done.wait(10)
    assert hooks == [None]
    assert "work" not in archive.one().calls()


def test_profile_objects_in_threads(quick_switches, mode):
    profiles = {}

    def profiled(n):
        with cprof.Profile(mode=mode) as profile:
            helper(n)
        profile.create_stats()
        profiles[n] = {key[2]: row[1] for key, row in profile.stats.items()}

    run_threads([lambda n=n: profiled(n) for n in range(1, 9)])
    assert {n: calls["work"] for n, calls in profiles.items()} == {n: n for n in range(1, 9)}


def test_profile_enabled_in_one_thread_and_ended_in_another(mode):
    profile = cprof.Profile(mode=mode)
    entered, ended, done = threading.Event(), threading.Event(), threading.Event()

    def there():
        profile.enable()
        work(1)
        entered.set()
        ended.wait(10)
        work(2)
        with cprof.Profile(mode=mode) as other:
            work(3)
        other.create_stats()
        calls.append({key[2]: row[1] for key, row in other.stats.items()})
        done.set()

    calls = []
    thread = threading.Thread(target=there)
    thread.start()
    entered.wait(10)
    profile.disable()
    profile.create_stats()
    ended.set()
    assert done.wait(10)
    thread.join()
    assert {key[2]: row[1] for key, row in profile.stats.items()}["work"] == 1
    assert calls[0]["work"] == 1


def test_profile_freed_while_another_thread_runs_it(mode):
    profiles = [cprof.Profile(mode=mode)]
    entered, freed = threading.Event(), threading.Event()

    def there():
        profiles[0].enable()
        entered.set()
        freed.wait(10)
        helper(100)
        with cprof.Profile(mode=mode):
            helper(100)
        helper(100)
        hooks.append(sys.getprofile())

    hooks = []
    thread = threading.Thread(target=there)
    thread.start()
    entered.wait(10)
    profiles.clear()
    freed.set()
    thread.join()
    assert hooks == [None]


def test_thread_that_ends_with_its_profile_on(mode):
    profiles = []

    def there():
        profiles.append(cprof.Profile(mode=mode))
        profiles[0].enable()
        helper(3)

    run_threads([there])
    profiles[0].create_stats()
    assert {key[2]: row[1] for key, row in profiles[0].stats.items()}["work"] == 3
    profiles.clear()
    helper(3)


def test_nested_profiles_end_in_any_order(mode):
    a, b = cprof.Profile(mode=mode), cprof.Profile(mode=mode)
    a.enable()
    work(1)
    b.enable()
    work(2)
    a.disable()
    work(3)
    b.disable()
    assert sys.getprofile() is None

    def calls(profile):
        profile.create_stats()
        return {key[2]: row[1] for key, row in profile.stats.items()}["work"]

    assert (calls(a), calls(b)) == (2, 2)


def test_enable_and_disable_twice(mode):
    profile = cprof.Profile(mode=mode)
    profile.disable()
    profile.enable()
    if sys.version_info < (3, 12):
        profile.enable()
    else:
        # As cProfile.
        with pytest.raises(ValueError, match="already active"):
            profile.enable()
    work(1)
    profile.disable()
    profile.disable()
    assert sys.getprofile() is None
    profile.create_stats()
    assert {key[2]: row[1] for key, row in profile.stats.items()}["work"] == 1


def test_asyncio_run_in_a_view(archive):
    async def coroutine(n):
        await asyncio.sleep(0)
        return work(n)

    def app(environ, start_response):
        async def gather():
            return await asyncio.gather(*(coroutine(i) for i in range(5)))

        loop = asyncio.new_event_loop()
        try:
            assert loop.run_until_complete(gather()) == list(range(5))
        finally:
            loop.close()
        start_response(*OK)
        return []

    serve(archive.wrap(app))
    calls = archive.one().calls()
    assert calls["work"] == 5
    assert calls["coroutine"] == 10  # begun, and resumed once


def test_wsgi_under_asyncio_threads(archive, quick_switches):
    """As an ASGI server runs a WSGI application: in executor threads."""
    from concurrent.futures import ThreadPoolExecutor

    middleware = archive.wrap(counting)

    async def main(loop):
        with ThreadPoolExecutor(4) as pool:
            return await asyncio.gather(*(
                loop.run_in_executor(pool, serve, middleware, "/%d" % n) for n in range(20)))

    loop = asyncio.new_event_loop()
    try:
        responses = loop.run_until_complete(main(loop))
    finally:
        loop.close()
    assert [len(response.body) for response in responses] == list(range(20))
    assert {s.json["path"]: s.calls().get("work", 0) for s in archive.snapshots()} == {
        "/%d" % n: 10 * n for n in range(20)}


def test_requests_while_flush_waits(archive):
    middleware = archive.wrap(counting)
    stop = threading.Event()

    def flushing():
        while not stop.is_set():
            assert cprof.flush(10)

    threads = [threading.Thread(target=flushing) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        serve(middleware, "/1")
    stop.set()
    for thread in threads:
        thread.join()
    assert len(archive.snapshots()) == 50


def test_body_closed_by_the_garbage_collector_on_another_thread(archive):
    middleware = archive.wrap(counting)
    results = [middleware(environ_for("/3"), lambda *a: None)]
    next(iter(results[0]))
    run_threads([results.clear])
    assert archive.one().json["ended"] == "dropped"
