"""What applications do with threads and executors that was not foreseen."""

import concurrent.futures
import multiprocessing.pool
import os
import subprocess
import sys
import threading
import weakref

import pytest
from ext_archive import Archive
from ext_client import serve
from ext_follow import (JOB, STARTS, SUBMITS, THREAD, app_of, assert_restored, beside, kinds,
                        own_functions)

import cprof

Executor = concurrent.futures.ThreadPoolExecutor


@pytest.fixture(autouse=True)
def restored():
    yield
    assert_restored()


@pytest.fixture
def archive(archive_of_mode):
    return archive_of_mode


def leaf():
    pass


def work(n):
    for _ in range(n):
        leaf()
    return n


def same_with_and_without(archive, view):
    """What the view returns, unprofiled and in a request; the snapshot."""
    seen = []
    plain = view()
    serve(archive.wrap(app_of(lambda: seen.append(view()))))
    assert seen == [plain]
    return archive.one()


def error(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except BaseException as exc:
        return type(exc), str(exc)


def test_executor_that_is_shut_down(archive):
    def view():
        pool = Executor(1)
        assert pool.submit(work, 2).result() == 2
        pool.shutdown()
        return error(pool.submit, work, 3)

    snapshot = same_with_and_without(archive, view)
    assert kinds(snapshot) == [("job", False)]
    assert snapshot.json["followed_lost"] == 0


@pytest.mark.skipif(sys.version_info < (3, 9), reason="from 3.9 on")
def test_shut_down_with_jobs_in_the_queue(archive):
    def view():
        go, begun = threading.Event(), threading.Event()
        pool = Executor(1)
        first = pool.submit(lambda: (begun.set(), go.wait()))
        begun.wait()
        futures = [pool.submit(work, n) for n in range(3)]
        pool.shutdown(wait=False, cancel_futures=True)
        go.set()
        first.result()
        return [future.cancelled() for future in futures]

    snapshot = same_with_and_without(archive, view)
    assert kinds(snapshot) == [("job", False)]
    assert snapshot.json["followed_lost"] == 0


def test_initializer(archive):
    """Of the executor's own thread: it is for all its jobs."""
    def initialize(n):
        local.n = n

    def job():
        leaf()
        return local.n

    def view():
        with Executor(1, initializer=initialize, initargs=(5,)) as pool:
            return pool.submit(job).result()

    local = threading.local()
    snapshot = same_with_and_without(archive, view)
    assert kinds(snapshot) == [("job", False)]
    assert beside(snapshot, JOB)["job;leaf"] == 1
    assert "initialize" not in snapshot.calls()


def test_initializer_that_fails(archive, caplog):
    def view():
        pool = Executor(1, initializer=lambda: 1 / 0)
        return error(pool.submit(leaf).result), error(pool.submit, leaf)

    snapshot = same_with_and_without(archive, view)
    # The worker may hold on to the job, which never begins, until the request is over.
    assert snapshot.json["followed"] == [] and snapshot.json["followed_lost"] <= 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_submit_by_name(archive):
    """fn= stands among the arguments of the job since 3.9."""
    def view():
        with Executor(1) as pool:
            return error(pool.submit, fn=leaf) or "done"

    same_with_and_without(archive, view)


def test_run_is_called(archive):
    """Not started: on the thread of the request it is a part of it."""
    def view():
        return threading.Thread(target=work, args=(2,)).run()

    snapshot = same_with_and_without(archive, view)
    assert snapshot.json["followed"] == []
    assert "work" in own_functions(snapshot)


def test_start_of_its_own(archive):
    """One that never comes to Thread.start is not followed, and runs."""
    class Own(threading.Thread):
        def start(self):
            started.append(self)
            self.run()

    def view():
        del started[:]
        thread = Own(target=work, args=(2,))
        thread.start()
        return len(started)

    started = []
    snapshot = same_with_and_without(archive, view)
    assert snapshot.json["followed"] == []
    assert snapshot.calls()["leaf"] == 2


class Awkward(threading.Thread):
    """Who looks at it or changes it is noticed."""

    ready = False

    def __setattr__(self, name, value):
        if self.ready and not name.startswith("_"):
            raise AttributeError(name)
        super().__setattr__(name, value)

    def __getattribute__(self, name):
        if name == "run":
            looks.append(name)
        return super().__getattribute__(name)


looks = []


def test_thread_that_lets_nobody_change_it(archive):
    def view():
        del looks[:]
        thread = Awkward(target=work, args=(2,))
        thread.ready = True
        thread.start()
        thread.join()
        return list(looks), sorted(vars(thread))

    snapshot = same_with_and_without(archive, view)
    assert kinds(snapshot) == [("thread", False)]
    assert beside(snapshot, THREAD)["work;leaf"] == 2


def test_run_that_is_a_property(archive):
    class Computed(threading.Thread):
        @property
        def run(self):
            return lambda: work(3)

    def view():
        thread = Computed()
        thread.start()
        thread.join()
        return thread.is_alive()

    snapshot = same_with_and_without(archive, view)
    assert snapshot.calls().get("leaf", 0) in (0, 3)


def test_thread_pool_of_multiprocessing(archive):
    """Made before the request: its threads wait for work of anybody."""
    def view():
        return pool.map(work, [1, 2])

    with multiprocessing.pool.ThreadPool(2) as pool:
        snapshot = same_with_and_without(archive, view)
    assert "leaf" not in snapshot.calls()


def test_hook_of_the_application_for_its_threads(archive):
    """threading.setprofile and settrace: theirs is called in followed threads too."""
    def view():
        del heard[:]
        threading.setprofile(lambda frame, event, arg: heard.append(frame.f_code.co_name))
        threading.settrace(lambda frame, event, arg: heard.append("traced"))
        try:
            thread = threading.Thread(target=work, args=(2,))
            thread.start()
            thread.join()
        finally:
            threading.setprofile(None)
            threading.settrace(None)
        return heard.count("leaf"), "traced" in heard

    heard = []
    snapshot = same_with_and_without(archive, view)
    assert beside(snapshot, THREAD)["work;leaf"] == 2


def test_hook_that_a_thread_sets(archive):
    def job():
        heard = []
        sys.setprofile(lambda frame, event, arg: heard.append(frame.f_code.co_name))
        work(2)
        sys.setprofile(None)
        return heard.count("leaf")

    def view():
        with Executor(1) as pool:
            return pool.submit(job).result(), pool.submit(sys.getprofile).result()

    snapshot = same_with_and_without(archive, view)
    assert kinds(snapshot) == [("job", False)] * 2


def test_profile_in_a_job(archive, mode):
    """It sees all of its own, and so does the job's."""
    def job():
        with cprof.Profile(mode=mode) as profile:
            work(3)
        profile.create_stats()
        return {key[2]: row[1] for key, row in profile.stats.items()}["leaf"]

    def view():
        with Executor(1) as pool:
            return pool.submit(job).result()

    snapshot = same_with_and_without(archive, view)
    assert beside(snapshot, JOB)["job;work;leaf"] == 3


def test_request_in_a_job(archive, tmp_path):
    """Served by a followed thread: a snapshot of its own, and a part of the job."""
    inner = Archive(tmp_path / "inner", archive.mode)
    inner_app = inner.wrap(app_of(lambda: inner_view()))

    def inner_view():
        thread = threading.Thread(target=work, args=(2,))
        thread.start()
        thread.join()
        work(3)

    def view():
        with Executor(1) as pool:
            return pool.submit(lambda: serve(inner_app).body).result()

    serve(archive.wrap(app_of(view)))
    outer_snapshot, inner_snapshot = archive.one(), inner.one()
    assert kinds(inner_snapshot) == [("thread", False)]
    assert beside(inner_snapshot, THREAD)["work;leaf"] == 2
    assert inner_snapshot.calls()["leaf"] == outer_snapshot.calls()["leaf"] == 5
    assert kinds(outer_snapshot) == [("job", False), ("thread", False)]


def test_wrapped_by_others_meanwhile(archive, monkeypatch):
    """By two, one of whom puts back what he found when we are gone."""
    def wrapping(inner):
        def theirs(self, *args, **kwargs):
            calls.append(inner)
            return inner(self, *args, **kwargs)

        return theirs

    def first():
        found.append(Executor.submit)
        Executor.submit = wrapping(Executor.submit)
        Executor.submit = wrapping(Executor.submit)
        run()

    def run():
        with Executor(1) as pool:
            pool.submit(work, 2).result()

    calls, found = [], []
    try:
        serve(archive.wrap(app_of(first)))
        run()
        assert len(calls) == 4
        serve(archive.wrap(app_of(run)))
        Executor.submit = found[0]
        assert Executor.submit is not SUBMITS
        run()
        # Ours of then does nothing any more, and the next request finds it out.
        serve(archive.wrap(app_of(run)))
        assert Executor.submit is SUBMITS
        assert len(calls) == 6
    finally:
        Executor.submit = SUBMITS
    for snapshot in archive.snapshots():
        assert kinds(snapshot) == [("job", False)]
        assert beside(snapshot, JOB)["work;leaf"] == 2


def test_put_back_in_the_request(archive):
    """As mock.patch does that was begun before."""
    def view():
        threading.Thread.start = STARTS
        thread = threading.Thread(target=leaf)
        thread.start()
        thread.join()
        return threading.Thread.start is STARTS

    snapshot = same_with_and_without(archive, view)
    assert snapshot.json["followed"] == []
    assert threading.Thread.start is STARTS


def test_job_that_dies_with_the_future(archive):
    """No cycle of ours keeps what a job was given."""
    class Thing:
        pass

    def view():
        thing = Thing()
        with Executor(1) as pool:
            future = pool.submit(lambda thing: weakref.ref(thing), thing)
            ref = future.result()
        del thing, future
        return ref() is None

    assert same_with_and_without(archive, view).json["followed_lost"] == 0


@pytest.mark.skipif(not hasattr(concurrent.futures, "InterpreterPoolExecutor"), reason="from 3.14 on")
def test_interpreters_are_let_alone(archive):
    """Their jobs run elsewhere: what is sent there is the job itself."""
    def view():
        with concurrent.futures.InterpreterPoolExecutor(1) as pool:
            return pool.submit(divmod, 7, 2).result()

    snapshot = same_with_and_without(archive, view)
    assert snapshot.json["followed"] == [] and snapshot.json["followed_lost"] == 0


AT_EXIT = """
import sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from ext_client import serve
import cprof

def leaf():
    pass

def spin():
    begun.set()
    while True:
        leaf()

def late():
    time.sleep(0.2)
    leaf()

def app(environ, start_response):
    %(view)s
    begun.wait()
    start_response("200 OK", [])
    if %(streamed)r:
        return (b"x" for _ in range(2))
    return [b"x"]

begun = threading.Event()
middleware = cprof.CProfMiddleware(app)
response = serve(middleware, close=%(closed)r, blocks=1)
print("out")
"""


@pytest.mark.parametrize("over", [True, False])
@pytest.mark.parametrize("view", [
    "[threading.Thread(target=spin, daemon=True).start() for _ in range(3)]",
    "threading.Thread(target=late).start(); begun.set()",
    "pool = ThreadPoolExecutor(2); [pool.submit(late) for _ in range(4)]; begun.set()",
    "threading.Timer(0.1, late).start(); begun.set()",
])
def test_at_exit(in_process, tmp_path, mode, view, over):
    """Threads that run when the interpreter ends, with the request over and under way."""
    out, err = in_process(AT_EXIT % {"view": view, "streamed": not over, "closed": over},
                          as_file=True, CPROF_MODE=mode)
    assert out == "out\n"
    assert err == ""
    snapshots = Archive(tmp_path / "profiling").snapshots()
    assert len(snapshots) == 1 if over else len(snapshots) <= 1
    if over:
        assert any(cut for _, cut in kinds(snapshots[0]))


def test_no_thread_module_is_loaded_for_it(in_process):
    """asyncio is followed where it is, and not imported."""
    out, _ = in_process("""
        import sys, threading
        from ext_client import serve
        import cprof

        def app(environ, start_response):
            start_response("200 OK", [])
            return []

        serve(cprof.CProfMiddleware(app))
        print("asyncio" in sys.modules)
    """)
    assert out == "False\n"


def test_killed_while_threads_run(tmp_path, mode):
    """By SIGTERM in the request: nothing half written in sight."""
    script = AT_EXIT % {"view": "[threading.Thread(target=spin, daemon=True).start()"
                                " for _ in range(2)]; begun.wait(); import os, signal;"
                                " os.kill(os.getpid(), signal.SIGTERM)",
                        "streamed": False, "closed": True}
    (tmp_path / "script.py").write_text(script)
    environ = dict(os.environ, CPROF_MODE=mode, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run([sys.executable, "script.py"], cwd=str(tmp_path), env=environ,
                          stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == -15
    assert Archive(tmp_path / "profiling").snapshots() == []
