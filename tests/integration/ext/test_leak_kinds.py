"""Profiles of every kind leave nothing behind, in each mode."""

import asyncio
import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ext_client import serve
from test_leak_growth import live_objects, settled

import cprof

MODES = pytest.mark.parametrize("mode", ["exact", "fast", "app"])


def work(n=3):
    if n == 2:
        try:
            raise ValueError(n)
        except ValueError:
            pass
    return sorted([work(n - 1)]) if n else [len("x")]


def generate():
    yield work()
    yield work()


async def wait():
    work()
    await asyncio.sleep(0)
    return work()


def handing_on(environ, start_response):
    thread = threading.Thread(target=work)
    thread.start()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(work).result()
    thread.join()
    start_response("200 OK", [])
    return generate() and [b"x"]


def least_growth(some, rounds=25, enough=20):
    """Blocks that a round of it leaves behind: a leak leaves some each time."""
    some()
    some()
    grown = []
    while len(grown) < rounds and (not grown or min(grown) >= enough):
        settled()
        blocks = sys.getallocatedblocks()
        some()
        settled()
        grown.append(sys.getallocatedblocks() - blocks)
    return min(grown)


def nothing_is_left(some):
    assert least_growth(some) < 20
    before = live_objects()
    some()
    settled()
    after = live_objects()
    assert {kind: n for kind, n in after.items() if n - before.get(kind, 0) > 5} == {}
    assert sys.getprofile() is None


@MODES
def test_requests_that_hand_on(archive, mode):
    middleware = archive.wrap(handing_on, mode=mode, follow=True)
    unkept = archive.wrap(handing_on, mode=mode, slow_ms=1e6, metrics=["cpu", "allocs"])

    def some():
        for _ in range(15):
            serve(middleware)
            serve(unkept)

    nothing_is_left(some)


@MODES
def test_profiles(archive, mode):
    class Reading:
        def __call__(self):
            return 0

    def some():
        for _ in range(20):
            profile = cprof.Profile(mode=mode, metrics=["cpu", "vcsw", Reading()])
            profile.runcall(work)
            profile.getstats()
            profile.create_stats()
            profile.archive("work", archive.path)
            profile.enable()
            work()  # never disabled
            if sys.getprofile() is not None:
                profile.disable()
            thread = threading.Thread(target=profile.runcall, args=(work,))
            thread.start()
            thread.join()

    nothing_is_left(some)


@MODES
@pytest.mark.parametrize("archived", [False, True])
def test_decorated_functions(archive, mode, archived):
    def decorate(function):
        return cprof.profile(mode=mode, archive=archived, directory=archive.path)(function)

    function, generator, coroutine = decorate(work), decorate(generate), decorate(wait)
    loop = asyncio.new_event_loop()

    def some():
        for _ in range(10):
            function()
            list(generator())
            next(generator())  # dropped at its first yield
            loop.run_until_complete(coroutine())
            decorate(work)()

    try:
        nothing_is_left(some)
    finally:
        loop.close()
