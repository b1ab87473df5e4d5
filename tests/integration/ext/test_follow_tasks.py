"""Coroutines that a request hands to an event loop of another thread."""

import asyncio
import concurrent.futures
import gc
import inspect
import sys
import threading
import time
import traceback
import weakref

import pytest
from ext_client import serve
from ext_follow import (JOB, TASK, THREAD, app_of, assert_restored, beside, kinds,
                        own_functions, times)

HANDS_ON = asyncio.run_coroutine_threadsafe


@pytest.fixture(autouse=True)
def restored():
    yield
    assert_restored()
    assert asyncio.run_coroutine_threadsafe is asyncio.tasks.run_coroutine_threadsafe is HANDS_ON


@pytest.fixture
def loop():
    """One that has been running since before the request, on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    assert "create_task" not in vars(loop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def archive(archive_of_mode):
    return archive_of_mode


def leaf():
    pass


def work(n):
    for _ in range(n):
        leaf()
    return n


async def fetch(n, seconds=0.02):
    work(n)
    await asyncio.sleep(seconds)
    work(n)
    return n


def run(loop, coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)


def test_task(archive, loop):
    def view():
        assert run(loop, fetch(3, 0.2)) == 3
        assert run(loop, fetch(4, 0.2)) == 4

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert kinds(snapshot) == [("task", False)] * 2
    assert beside(snapshot, TASK)["fetch;work;leaf"] == 14
    assert "fetch" not in own_functions(snapshot)
    assert snapshot.json["followed_lost"] == 0
    # While it runs, not while it waits; and no part of the request's own time.
    for one in snapshot.json["followed"]:
        assert 0 < one["wall_seconds"] < 0.2
    assert snapshot.json["wall_seconds"] > 0.4
    assert times(snapshot)[None] == pytest.approx(snapshot.json["wall_seconds"] * 1e9, rel=0.05)


def test_nothing_else_of_the_loop(archive, loop):
    """What it runs between the steps is nobody's."""
    async def other():
        while not stop:
            unwanted()
            await asyncio.sleep(0)

    def unwanted():
        pass

    stop = []
    running = asyncio.run_coroutine_threadsafe(other(), loop)
    serve(archive.wrap(app_of(lambda: run(loop, fetch(2)))))
    stop.append(1)
    running.result(10)
    snapshot = archive.one()
    assert beside(snapshot, TASK)["fetch;work;leaf"] == 4
    assert not {"unwanted", "_run_once", "other"} & set(snapshot.calls())


def test_tasks_of_a_task(archive, loop):
    async def inner(n):
        await asyncio.sleep(0)
        return work(n)

    async def outer():
        first = asyncio.ensure_future(inner(1))
        assert await asyncio.gather(inner(2), inner(3)) == [2, 3]
        assert await first == 1
        task = asyncio.get_running_loop().create_task(inner(4))
        assert task.get_coro() is not None and "inner" in repr(task)
        if sys.version_info >= (3, 11):
            async with asyncio.TaskGroup() as group:
                group.create_task(inner(5), name="five")
        else:
            await asyncio.create_task(inner(5))
        return await asyncio.wait_for(task, 10)

    serve(archive.wrap(app_of(lambda: run(loop, outer()))))
    snapshot = archive.one()
    assert kinds(snapshot) == [("task", False)] * 6
    paths = beside(snapshot, TASK)
    assert paths["inner;work;leaf"] == 15
    assert not any("outer;inner" in path for path in paths)
    assert snapshot.json["followed_lost"] == 0


def test_what_a_task_hands_on(archive, loop):
    async def outer():
        here = asyncio.get_running_loop()
        thread = threading.Thread(target=work, args=(2,))
        thread.start()
        await here.run_in_executor(None, thread.join)
        return await here.run_in_executor(None, work, 3)

    serve(archive.wrap(app_of(lambda: run(loop, outer()))))
    snapshot = archive.one()
    assert kinds(snapshot) == [("job", False)] * 2 + [("task", False), ("thread", False)]
    assert beside(snapshot, JOB)["work;leaf"] == 3
    assert beside(snapshot, THREAD)["work;leaf"] == 2


def test_outlives_the_request(archive, loop):
    """Between two steps, when the request ends; it goes on unrecorded."""
    async def long():
        work(2)
        suspended.set()
        while not go.is_set():
            await asyncio.sleep(0.001)
        late()
        await asyncio.create_task(fetch(1))
        return "done"

    def late():
        pass

    def view():
        futures.append(asyncio.run_coroutine_threadsafe(long(), loop))
        suspended.wait()

    suspended, go, futures = threading.Event(), threading.Event(), []
    serve(archive.wrap(app_of(view)))
    go.set()
    assert futures[0].result(10) == "done"
    snapshot = archive.one()
    assert kinds(snapshot) == [("task", True)]
    assert beside(snapshot, TASK)["long;work;leaf"] == 2
    assert not {"late", "fetch"} & set(snapshot.calls())


def test_cut_amid_a_step(archive, loop):
    async def long():
        work(2)
        inside.set()
        go.wait()
        late()
        await asyncio.sleep(0)
        return late()

    def late():
        pass

    def view():
        futures.append(asyncio.run_coroutine_threadsafe(long(), loop))
        inside.wait()

    inside, go, futures = threading.Event(), threading.Event(), []
    serve(archive.wrap(app_of(view)))
    go.set()
    assert futures[0].result(10) is None
    snapshot = archive.one()
    assert kinds(snapshot) == [("task", True)]
    assert beside(snapshot, TASK)["long;work;leaf"] == 2
    assert "late" not in snapshot.calls()


def test_not_begun_in_time(archive, loop):
    def view():
        loop.call_soon_threadsafe(go.wait)
        futures.append(asyncio.run_coroutine_threadsafe(fetch(1), loop))

    go, futures = threading.Event(), []
    serve(archive.wrap(app_of(view)))
    go.set()
    assert futures[0].result(10) == 1
    snapshot = archive.one()
    assert snapshot.json["followed"] == [] and snapshot.json["followed_lost"] == 1


@pytest.mark.parametrize("when", ["before", "within"])
def test_cancelled(archive, loop, when):
    async def wait():
        try:
            work(1)
            begun.set()
            await asyncio.sleep(60)
        finally:
            ended.set()

    def view():
        if when == "before":
            loop.call_soon_threadsafe(go.wait)
        future = asyncio.run_coroutine_threadsafe(wait(), loop)
        if when == "within":
            begun.wait()
        assert future.cancel()
        go.set()
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(10)
        assert when == "before" or ended.wait(10)
        run(loop, asyncio.sleep(0))

    begun, ended, go = threading.Event(), threading.Event(), threading.Event()
    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    found = beside(snapshot, TASK)
    if when == "within":
        assert found["wait"] == 2 and found["wait;work"] == 1
    assert snapshot.json["followed_lost"] == 0


def test_exception(archive, loop):
    async def fail():
        await asyncio.sleep(0)
        raise ValueError("of the task")

    def view():
        exc = asyncio.run_coroutine_threadsafe(fail(), loop).exception(10)
        seen.append((type(exc), str(exc), exc.__context__,
                     [frame.name for frame in traceback.extract_tb(exc.__traceback__)]))

    seen = []
    view()
    plain, seen = seen, []
    serve(archive.wrap(app_of(view)))
    assert seen == plain
    assert beside(archive.one(), TASK)["fail"] == 2


def test_what_is_refused(archive, loop):
    """And awaitables that are no coroutines."""
    def view():
        with pytest.raises(TypeError):
            asyncio.run_coroutine_threadsafe(leaf, loop)
        with pytest.raises(TypeError):
            asyncio.run_coroutine_threadsafe()
        coroutine = fetch(1)
        with pytest.raises(AttributeError):
            asyncio.run_coroutine_threadsafe(coroutine, None)
        coroutine.close()
        assert asyncio.run_coroutine_threadsafe(fetch(2), loop=loop).result(10) == 2

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert kinds(snapshot) == [("task", False)]
    assert snapshot.json["followed_lost"] == 0


def test_what_a_task_sees(archive, loop):
    """The same stack, name, context and representation as without."""
    async def look():
        task = asyncio.current_task()
        stack = [frame.f_code.co_name for frame, _ in traceback.walk_stack(sys._getframe())]
        where = [frame.f_code.co_name for frame in task.get_stack()]
        return (stack, where, task.get_coro().__qualname__, task.get_coro().cr_code.co_name,
                asyncio.iscoroutine(task.get_coro()), inspect.isawaitable(task.get_coro()),
                "look" in repr(task), sorted(vars(asyncio.get_running_loop())) == before)

    def view():
        seen.append(run(loop, look()))

    before = sorted(vars(loop))
    seen = []
    view()
    plain, seen = seen, []
    serve(archive.wrap(app_of(view), sample=1))
    # During a step the loop has one thing more.
    assert plain[0][-1] is True and seen[0][-1] is False
    assert seen[0][:-1] == plain[0][:-1]


def test_create_task_of_its_own(archive, loop):
    """Somebody's on the loop itself is called, and stays."""
    def theirs(coroutine, **options):
        made.append(coroutine)
        return type(loop).create_task(loop, coroutine, **options)

    async def outer():
        assert await asyncio.ensure_future(fetch(1)) == 1

    made = []
    loop.create_task = theirs
    try:
        serve(archive.wrap(app_of(lambda: run(loop, outer()))))
        assert vars(loop)["create_task"] is theirs
    finally:
        del loop.create_task
    assert len(made) == 2
    assert kinds(archive.one()) == [("task", False)] * 2


def test_loop_of_the_request_itself(archive):
    """All on its own thread: a part of it."""
    async def main():
        here = asyncio.get_running_loop()
        future = asyncio.run_coroutine_threadsafe(fetch(2), here)
        return await asyncio.wrap_future(future) + await asyncio.ensure_future(fetch(3))

    def view():
        assert asyncio.run(main()) == 5

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert snapshot.json["followed"] == [] and snapshot.json["followed_lost"] == 0
    assert {"main", "fetch", "work"} <= own_functions(snapshot)
    assert snapshot.calls()["leaf"] == 10


def test_loop_that_is_closed_under_it(archive):
    async def forever():
        work(1)
        begun.set()
        await asyncio.sleep(60)

    def view():
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        other.append(thread)
        thread.start()
        future = asyncio.run_coroutine_threadsafe(forever(), loop)
        begun.wait()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        del future, loop
        gc.collect()

    begun, other = threading.Event(), []
    handler = asyncio.BaseEventLoop.call_exception_handler
    asyncio.BaseEventLoop.call_exception_handler = lambda self, context: None
    try:
        serve(archive.wrap(app_of(view)))
    finally:
        asyncio.BaseEventLoop.call_exception_handler = handler
    snapshot = archive.one()
    # The loop's thread is the request's: so what it runs is that thread's.
    assert kinds(snapshot) == [("thread", False)]
    assert snapshot.calls()["forever"] >= 1 and snapshot.json["followed_lost"] == 0


def test_many_requests_over_one_loop(archive, loop):
    async def fetch_all(n):
        await asyncio.gather(*(asyncio.sleep(0, leaf()) for _ in range(n)))
        for _ in range(n):
            work(1)
            await asyncio.sleep(0)

    def app(environ, start_response):
        run(loop, fetch_all(int(environ["PATH_INFO"][1:])))
        start_response("200 OK", [])
        return []

    wrapped = archive.wrap(app)
    threads = [threading.Thread(target=serve, args=(wrapped, "/%d" % n)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    snapshots = archive.snapshots()
    assert len(snapshots) == 8
    for snapshot in snapshots:
        n = int(snapshot.json["path"][1:])
        paths = beside(snapshot, TASK)
        assert paths["fetch_all;work;leaf"] == n and paths["fetch_all;<genexpr>;leaf"] == n
        assert snapshot.json["lost"] == snapshot.json["followed_lost"] == 0


def test_too_many(archive, loop):
    async def all_of_them():
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(520)))

    serve(archive.wrap(app_of(lambda: run(loop, all_of_them()))))
    snapshot = archive.one()
    assert len(snapshot.json["followed"]) == 500
    assert snapshot.json["followed_lost"] == 21


def test_nothing_is_kept(archive, loop):
    class Thing:
        pass

    async def hold(thing):
        await asyncio.sleep(0)

    def view():
        thing = Thing()
        things.append(weakref.ref(thing))
        run(loop, hold(thing))

    things = []
    serve(archive.wrap(app_of(view)))
    run(loop, asyncio.sleep(0))
    gc.collect()
    assert things[0]() is None
    left = [type(o).__name__ for o in gc.get_objects() if type(o).__module__ == "cprof._cprof"]
    assert "Task" not in left and "Strand" not in left


def test_churn(archive, loop):
    """Requests end while their tasks run, again and again."""
    async def spin(stop):
        while not stop:
            work(5)
            await asyncio.sleep(0)

    def view():
        futures.extend(asyncio.run_coroutine_threadsafe(spin(stop), loop) for _ in range(3))
        time.sleep(0.002)

    wrapped = archive.wrap(app_of(view))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(10):
            futures, stop = [], []
            serve(wrapped)
            stop.append(1)
            for future in futures:
                future.result(10)
    finally:
        sys.setswitchinterval(interval)
    for snapshot in archive.snapshots():
        assert len(snapshot.json["followed"]) + snapshot.json["followed_lost"] == 3
