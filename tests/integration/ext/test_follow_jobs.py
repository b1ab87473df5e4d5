"""Jobs that a request gives to an executor, and what frameworks make of that."""

import asyncio
import concurrent.futures
import functools
import threading
import time
import traceback

import pytest
from ext_client import serve
from ext_follow import (JOB, THREAD, app_of, assert_restored, beside, kinds, own_functions,
                        times)



@pytest.fixture(autouse=True)
def restored():
    yield
    assert_restored()


@pytest.fixture
def pool():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield pool


def leaf():
    pass


def work(n):
    for _ in range(n):
        leaf()
    return n


def test_jobs(archive, pool, mode):
    def view():
        futures = [pool.submit(work, n) for n in (2, 3, 5)]
        assert [future.result() for future in futures] == [2, 3, 5]

    serve(archive.wrap(app_of(view), mode=mode))
    snapshot = archive.one()
    paths = beside(snapshot, JOB)
    assert paths["work"] == 3
    assert paths["work;leaf"] == 10
    # Its threads are the executor's: started by this request, but not for it alone.
    assert kinds(snapshot) == [("job", False)] * 3
    assert "work" not in own_functions(snapshot)
    assert "_worker" not in snapshot.calls()
    assert snapshot.calls()["leaf"] == 10


def test_threads_of_before(archive, pool):
    """A worker that another request started works for this one."""
    pool.submit(work, 1).result()

    def view():
        pool.submit(work, 4).result()

    for _ in range(2):
        serve(archive.wrap(app_of(view)))
    pool.submit(work, 9).result()
    for snapshot in archive.snapshots():
        assert kinds(snapshot) == [("job", False)]
        assert beside(snapshot, JOB)["work;leaf"] == 4


def test_map(archive, pool):
    def view():
        assert list(pool.map(work, range(6))) == list(range(6))

    serve(archive.wrap(app_of(view)))
    assert beside(archive.one(), JOB)["work;leaf"] == 15


def test_arguments(archive, pool):
    def job(*args, **kwargs):
        return args, kwargs

    def view():
        assert pool.submit(job, 1, *[2], fn=3, self=4).result() == ((1, 2), {"fn": 3, "self": 4})
        with pytest.raises(TypeError):
            pool.submit()
        with pytest.raises(TypeError):
            pool.submit(None).result()

    # Before 3.9 fn= and self= were the executor's own.
    if not hasattr(functools, "cache"):
        def view():  # noqa: F811
            assert pool.submit(job, 1, a=2).result() == ((1,), {"a": 2})

    view()
    serve(archive.wrap(app_of(view)))
    assert beside(archive.one(), JOB)["job"] == 1


def test_exception_in_a_job(archive, pool):
    def fail():
        raise ValueError("of the job")

    def view():
        future = pool.submit(fail)
        exc = future.exception()
        seen.append((type(exc), str(exc), exc.__context__,
                     [frame.name for frame in traceback.extract_tb(exc.__traceback__)]))

    seen = []
    view()
    plain, seen = seen, []
    serve(archive.wrap(app_of(view)))
    assert seen == plain
    assert beside(archive.one(), JOB)["fail"] == 1


def test_system_exit_in_a_job(archive, pool):
    def view():
        assert isinstance(pool.submit(exit, 3).exception(), SystemExit)

    serve(archive.wrap(app_of(view)))
    assert kinds(archive.one()) == [("job", False)]


def test_job_of_a_job(archive, pool):
    def inner():
        leaf()
        thread = threading.Thread(target=leaf)
        thread.start()
        thread.join()

    def outer():
        pool.submit(inner).result()

    def view():
        pool.submit(outer).result()

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert kinds(snapshot) == [("job", False), ("job", False), ("thread", False)]
    paths = beside(snapshot, JOB)
    assert paths["outer"] == paths["inner"] == paths["inner;leaf"] == 1
    assert "outer;inner" not in paths
    assert beside(snapshot, THREAD)["leaf"] == 1


def test_not_begun_in_time(archive):
    """What is in the queue when the request ends runs all the same, unrecorded."""
    go = threading.Event()
    done = []

    def late():
        done.append(leaf())

    def view():
        running.append(pool.submit(go.wait))
        while not running[0].running():
            time.sleep(0.001)
        pool.submit(late)
        pool.submit(late)

    running = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        serve(archive.wrap(app_of(view)))
        go.set()
    assert done == [None, None]
    snapshot = archive.one()
    assert kinds(snapshot) == [("job", True)]
    assert snapshot.json["followed_lost"] == 2
    assert "late" not in snapshot.calls()


def test_cancelled(archive):
    """Nothing of a job that never ran is missing."""
    go = threading.Event()

    def view():
        first = pool.submit(go.wait)
        while not first.running():
            time.sleep(0.001)
        assert pool.submit(leaf).cancel()
        go.set()
        first.result()
        pool.submit(leaf).result()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert kinds(snapshot) == [("job", False)] * 2
    assert snapshot.json["followed_lost"] == 0


def test_executor_of_a_subclass(archive):
    class Counting(concurrent.futures.ThreadPoolExecutor):
        def submit(self, fn, *args, **kwargs):
            seen.append(fn)
            return super().submit(fn, *args, **kwargs)

    def view():
        with Counting(1) as pool:
            assert pool.submit(work, 3).result() == 3

    seen = []
    serve(archive.wrap(app_of(view)))
    assert seen == [work]
    assert beside(archive.one(), JOB)["work;leaf"] == 3


def test_executor_that_runs_at_once(archive):
    """On the thread of the request a job is a part of it."""
    class AtOnce(concurrent.futures.ThreadPoolExecutor):
        def _adjust_thread_count(self):
            item = self._work_queue.get_nowait()
            # From 3.14 on it is told what its worker has.
            item.run(*[self._create_worker_context()] if hasattr(item, "task") else [])

    def view():
        with AtOnce(1) as pool:
            assert pool.submit(work, 3).result() == 3

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert snapshot.json["followed"] == []
    assert snapshot.json["followed_lost"] == 0
    assert "work" in own_functions(snapshot)
    assert snapshot.calls()["leaf"] == 3


def test_processes_are_let_alone(archive):
    class Lazy(concurrent.futures.ProcessPoolExecutor):
        """No process is started; what submit is given can be looked at."""

        def _start_executor_manager_thread(self):
            pass

        _start_queue_management_thread = _adjust_process_count = _start_executor_manager_thread

    def view():
        pool = Lazy(1)
        try:
            pool.submit(work, 1)
        except Exception:
            pass
        seen.extend(item.fn for item in pool._pending_work_items.values())

    seen = []
    serve(archive.wrap(app_of(view)))
    assert seen == [work]
    assert archive.one().json["followed"] == []


def test_asyncio(archive):
    """Tasks are on the thread of the request; what the loop gives to threads is not."""
    async def task(n):
        await asyncio.sleep(0)
        work(n)

    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.gather(task(1), task(2))
        return await loop.run_in_executor(None, work, 4)

    def view():
        assert asyncio.run(main()) == 4

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert beside(snapshot, JOB)["work;leaf"] == 4
    assert {"main", "task"} <= own_functions(snapshot)
    assert snapshot.calls()["leaf"] == 7


def test_flask_async_view(archive, mode):
    flask = pytest.importorskip("flask")
    pytest.importorskip("asgiref")
    app = flask.Flask(__name__)

    @app.route("/user/<int:n>")
    async def user(n):
        await asyncio.sleep(0.02)
        return str(helper(n))

    def helper(n):
        return work(n)

    # In a thread that has a loop running asgiref would refuse.
    wrapped = archive.wrap(app, mode=mode)
    assert serve(wrapped, "/user/6").body == b"6"
    snapshot = archive.one()
    assert snapshot.json["route"] == "/user/{id}" or snapshot.json["route_is_template"]
    paths = beside(snapshot, JOB)
    assert sum(n for path, n in paths.items() if path.endswith("helper;work;leaf")) == 6
    assert ("job", False) in kinds(snapshot)
    taken = times(snapshot)
    assert taken[JOB] >= 0.02e9
    assert taken[None] == pytest.approx(snapshot.json["wall_seconds"] * 1e9, rel=0.05)


def test_same_value_and_identity(archive, pool):
    """A job's arguments and result are the very objects."""
    thing = object()

    def view():
        assert pool.submit(lambda x: x, thing).result() is thing
        assert pool.submit(functools.partial(work, 2)).result() == 2
        assert pool.submit(threading.current_thread).result().name.startswith("ThreadPoolExecutor")

    serve(archive.wrap(app_of(view)))
    assert kinds(archive.one()) == [("job", False)] * 3
