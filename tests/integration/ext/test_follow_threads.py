"""Threads that a request starts: each under a root of its own, with its own clock,
and cut when the request is over. Nothing about the thread is another for it."""

import multiprocessing.dummy
import sys
import threading
import time
import traceback

import pytest
from ext_client import serve
from ext_follow import THREAD, app_of, assert_restored, beside, kinds, own_functions, times



@pytest.fixture(autouse=True)
def restored():
    yield
    assert_restored()


def leaf(seconds=0.0):
    time.sleep(seconds)


def work(n):
    for _ in range(n):
        leaf()


def run_thread(**options):
    thread = threading.Thread(**options)
    thread.start()
    thread.join()
    return thread


def test_started_and_joined(archive, mode):
    def view():
        threads = [threading.Thread(target=work, args=(n,)) for n in (2, 3, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work(7)

    serve(archive.wrap(app_of(view), mode=mode))
    snapshot = archive.one()
    paths = beside(snapshot, THREAD)
    assert paths["work"] == 3
    assert paths["work;leaf"] == 2 + 3 + 5
    assert kinds(snapshot) == [("thread", False)] * 3
    assert snapshot.json["followed_lost"] == 0
    assert snapshot.calls()["leaf"] == 2 + 3 + 5 + 7
    assert {"view", "work", "leaf"} <= own_functions(snapshot)


def test_own_clock(archive):
    """Two threads of 100 ms side by side: 200 ms beside a request of 100."""
    def view():
        threads = [threading.Thread(target=leaf, args=(0.1,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    wall = snapshot.json["wall_seconds"] * 1e9
    taken = times(snapshot)
    assert taken[None] == pytest.approx(wall, rel=0.01)
    assert taken[THREAD] >= 0.2e9
    assert taken[THREAD] == pytest.approx(
        sum(one["wall_seconds"] for one in snapshot.json["followed"]) * 1e9, rel=0.01)
    assert wall < taken[THREAD]
    for one in snapshot.json["followed"]:
        assert 0.1 <= one["wall_seconds"] < 1
        assert 0 <= one["cpu_seconds"] < 0.05
        assert one["events"] > 0


def test_outlives_the_request(archive, mode):
    go, gone_on = threading.Event(), threading.Event()

    def late():
        leaf()

    def outlive():
        work(3)
        gone_on.set()
        go.wait()
        for _ in range(50):
            late()

    def view():
        thread = threading.Thread(target=outlive, daemon=True)
        started.append(thread)
        thread.start()
        gone_on.wait()

    started = []
    serve(archive.wrap(app_of(view), mode=mode))
    assert_restored()
    go.set()
    started[0].join()
    snapshot = archive.one()
    assert kinds(snapshot) == [("thread", True)]
    paths = beside(snapshot, THREAD)
    assert paths["outlive;work;leaf"] == 3
    assert not any("late" in path for path in paths)
    # The next request is not told of it either.
    serve(archive.wrap(app_of(work_once), mode=mode))
    assert archive.snapshots()[1].json["followed"] == []


def work_once():
    work(1)


def test_cpu_of_a_thread_that_is_cut(archive):
    burnt, go = threading.Event(), threading.Event()

    def burn():
        until = time.thread_time() + 0.1
        while time.thread_time() < until:
            sum(range(10000))
        burnt.set()
        go.wait()

    def view():
        threading.Thread(target=burn, daemon=True).start()
        burnt.wait()

    serve(archive.wrap(app_of(view), mode="app"))
    go.set()
    (one,) = archive.one().json["followed"]
    assert one["cut"]
    assert 0.09 < one["cpu_seconds"] < 0.2
    assert one["cpu_seconds"] <= one["wall_seconds"]


def total(snapshot, root, metric):
    return sum(values[metric] for stack, values in snapshot.pprof.samples
               if stack and stack[0].name == root)


@pytest.mark.parametrize("cut", [False, True])
def test_metrics(archive, cut):
    """Each thread's own, also when another thread takes the recording."""
    ready, go = threading.Event(), threading.Event()

    def allocate(n):
        return [bytearray(1000) for _ in range(n)]

    def burn():
        kept = allocate(100)
        until = time.thread_time() + 0.1
        while time.thread_time() < until:
            sum(range(10000))
        leaf(0.1)
        ready.set()
        if cut:
            go.wait()
        return kept

    def view():
        thread = threading.Thread(target=burn)
        threads.append(thread)
        thread.start()
        ready.wait()
        if not cut:
            thread.join()

    threads = []
    serve(archive.wrap(app_of(view), metrics=["cpu", "vcsw", "allocs", "alloc_bytes"]))
    go.set()
    threads[0].join()
    snapshot = archive.one()
    (one,) = snapshot.json["followed"]
    assert one["cut"] == cut
    assert 0.09e9 < total(snapshot, THREAD, "cpu") < 0.18e9
    assert total(snapshot, THREAD, "cpu") == pytest.approx(one["cpu_seconds"] * 1e9, rel=0.3)
    assert total(snapshot, THREAD, "wall") > 0.19e9
    assert total(snapshot, THREAD, "alloc_bytes") > 100 * 1000
    assert total(snapshot, THREAD, "allocs") > 100
    assert total(snapshot, THREAD, "vcsw") >= 1
    # What the request itself did is little.
    own = {metric: sum(values[metric] for stack, values in snapshot.pprof.samples
                       if not stack or stack[0].name != THREAD)
           for metric in ("cpu", "alloc_bytes")}
    assert own["cpu"] < 0.05e9
    assert own["alloc_bytes"] < 100 * 1000


def test_body_that_is_streamed(archive):
    """A request is over when its body is closed, not when the call returns."""
    go = threading.Event()

    def wait():
        go.wait()
        leaf()

    def app(environ, start_response):
        thread = threading.Thread(target=wait)
        thread.start()

        def body():
            yield b"a"
            go.set()
            thread.join()
            yield b"b"

        start_response("200 OK", [])
        return body()

    serve(archive.wrap(app))
    snapshot = archive.one()
    assert kinds(snapshot) == [("thread", False)]
    assert beside(snapshot, THREAD)["wait;leaf"] == 1


class Overriding(threading.Thread):
    started_by = None

    def start(self):
        self.started_by = threading.get_ident()
        super().start()

    def run(self):
        work(4)


def test_subclass(archive):
    def view():
        thread = Overriding(name="mine", daemon=True)
        thread.start()
        thread.join()
        seen.append((thread.started_by == threading.get_ident(), thread.name, thread.daemon,
                     vars(thread).get("run")))

    seen = []
    serve(archive.wrap(app_of(view)))
    assert seen == [(True, "mine", True, None)]
    assert beside(archive.one(), THREAD)["run;work;leaf"] == 4


def test_run_of_its_own(archive):
    """run as an attribute of one thread stays what it was."""
    def own():
        work(1)

    def view():
        thread = threading.Thread()
        thread.run = own
        thread.start()
        thread.join()
        seen.append(thread.run)

    seen = []
    serve(archive.wrap(app_of(view)))
    assert seen == [own]
    assert beside(archive.one(), THREAD)["own;work"] == 1


def test_timer(archive):
    def view():
        timer = threading.Timer(0.01, work, args=(2,))
        timer.start()
        timer.join()

    serve(archive.wrap(app_of(view)))
    assert beside(archive.one(), THREAD)["work;leaf"] == 2


def test_pool_of_threads(archive):
    def view():
        with multiprocessing.dummy.Pool(2) as pool:
            assert pool.map(abs, [-1, -2]) == [1, 2]

    serve(archive.wrap(app_of(view)))
    assert {kind for kind, _ in kinds(archive.one())} == {"thread"}


def test_thread_of_a_thread(archive):
    def inner():
        leaf()

    def outer():
        run_thread(target=inner)

    def view():
        run_thread(target=outer)

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert kinds(snapshot) == [("thread", False)] * 2
    paths = beside(snapshot, THREAD)
    assert paths["inner;leaf"] == 1
    assert "outer;run_thread;inner" not in paths


def test_what_a_thread_sees(archive):
    """Its name, its stack, its run, as without the middleware."""
    def look():
        stack = [frame.f_code.co_name for frame, _ in traceback.walk_stack(sys._getframe())]
        seen.append((threading.current_thread().name, stack,
                     "run" in vars(threading.current_thread()), threading.active_count()))

    def view():
        thread = run_thread(target=look, name="a name")
        seen.append((thread.run.__func__, "run" in vars(thread), repr(thread).split(",")[0]))

    seen = []
    view()
    plain, seen = seen, []
    serve(archive.wrap(app_of(view)))
    assert seen == plain


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_exception_in_a_thread(archive, monkeypatch):
    def fail():
        raise ValueError("of the thread")

    def hook(args):
        seen.append((args.exc_type, str(args.exc_value), args.thread.name,
                     [frame.name for frame in traceback.extract_tb(args.exc_traceback)]))

    def view():
        run_thread(target=fail, name="failing")

    monkeypatch.setattr(threading, "excepthook", hook)
    seen = []
    view()
    plain, seen = seen, []
    assert plain[0][:3] == (ValueError, "of the thread", "failing")
    serve(archive.wrap(app_of(view)))
    assert seen == plain
    assert beside(archive.one(), THREAD)["fail"] == 1


def test_thread_that_cannot_be_started(archive, monkeypatch):
    def refuse(*args, **kwargs):
        raise RuntimeError("can't start new thread")

    def view():
        done = run_thread(target=leaf)
        with pytest.raises(RuntimeError):
            done.start()
        assert "run" not in vars(done)
        refused = threading.Thread(target=leaf)
        for name in ("_start_new_thread", "_start_joinable_thread"):
            if hasattr(threading, name):
                monkeypatch.setattr(threading, name, refuse)
        with pytest.raises(RuntimeError):
            refused.start()
        monkeypatch.undo()
        assert "run" not in vars(refused)

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert kinds(snapshot) == [("thread", False)]
    assert snapshot.json["followed_lost"] == 0


def test_too_many(archive):
    """Past 500 they run unrecorded, and that is said."""
    def view():
        for _ in range(503):
            run_thread(target=leaf)

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    assert len(snapshot.json["followed"]) == 500
    assert snapshot.json["followed_lost"] == 3
    assert beside(snapshot, THREAD)["leaf"] == 500


def test_same_functions_as_without(archive):
    """Being followed is no call: of the request itself the profile is the same."""
    def view():
        run_thread(target=work, args=(2,))

    view()
    for follow in (False, True):
        serve(archive.wrap(app_of(view), follow=follow))
    without, with_it = archive.snapshots()
    own = [{";".join(f.name for f in stack): values["calls"]
            for stack, values in snapshot.pprof.samples
            if stack and stack[0].name != THREAD} for snapshot in (without, with_it)]
    # How often locks are asked for depends on who is first.
    locks = ("acquire", "release", "_is_owned", "_release_save", "_acquire_restore", "_lock",
             "wait", "append", "__enter__", "__exit__")
    own = [{path: n for path, n in paths.items() if not any(lock in path for lock in locks)}
           for paths in own]
    assert own[0] == own[1]
    assert without.json["followed"] == []


def test_starts_are_counted_as_calls(archive):
    def view():
        run_thread(target=leaf)

    serve(archive.wrap(app_of(view)))
    assert archive.one().calls()["start"] == 1


def test_no_request_no_strand(archive):
    """Threads that others start while a request is profiled are not its own."""
    inside, go = threading.Event(), threading.Event()

    def view():
        inside.set()
        go.wait()

    server = threading.Thread(target=serve, args=(archive.wrap(app_of(view)),))
    server.start()
    inside.wait()
    assert threading.Thread.__dict__["start"].__name__ == "start"
    assert threading.Thread.__dict__["start"].__wrapped__.__qualname__ == "Thread.start"
    run_thread(target=leaf)
    go.set()
    server.join()
    snapshot = archive.one()
    assert snapshot.json["followed"] == []
    assert "leaf" not in snapshot.calls()


def test_wrapped_by_somebody_else(archive, monkeypatch):
    """Who wraps ours while it is there keeps it; it does nothing any more."""
    original = threading.Thread.__dict__["start"]
    calls = []

    def patch():
        ours = threading.Thread.start

        def theirs(self):
            calls.append(self.name)
            ours(self)

        threading.Thread.start = theirs
        run_thread(target=leaf, name="first")

    def view():
        run_thread(target=leaf, name="second")

    try:
        serve(archive.wrap(app_of(patch)))
        assert threading.Thread.__dict__["start"].__name__ == "theirs"
        run_thread(target=leaf, name="between")
        serve(archive.wrap(app_of(view)))
        assert threading.Thread.__dict__["start"].__name__ == "theirs"
    finally:
        threading.Thread.start = original
    assert calls == ["first", "between", "second"]
    for snapshot in archive.snapshots():
        assert kinds(snapshot) == [("thread", False)]
        assert beside(snapshot, THREAD)["leaf"] == 1


def test_profile_in_a_request(archive):
    """The innermost trace is somebody else's: what is handed on is the request's."""
    import cprof

    def view():
        profile = cprof.Profile()
        with profile:
            run_thread(target=leaf)

    serve(archive.wrap(app_of(view)))
    assert beside(archive.one(), THREAD)["leaf"] == 1


def test_two_middlewares(archive, tmp_path):
    """Each has all of it."""
    from ext_archive import Archive

    other = Archive(tmp_path / "other")

    def view():
        run_thread(target=leaf)

    inner = other.wrap(app_of(view))

    def outer(environ, start_response):
        copy = {key: environ[key] for key in environ if key != "cprof.request"}
        return inner(copy, start_response)

    serve(archive.wrap(outer))
    for snapshot in (archive.one(), other.one()):
        assert beside(snapshot, THREAD)["leaf"] == 1
        assert kinds(snapshot) == [("thread", False)]


def test_timer_of_the_middleware(archive):
    """The same clock for what is handed on, and the code of it in nobody's profile."""
    class Clock:
        now = 0

        def __call__(self):
            self.read()
            return self.now

        def read(self):
            pass

    clock = Clock()

    def tick():
        clock.now += 30

    def view():
        run_thread(target=tick)
        clock.now += 5

    serve(archive.wrap(app_of(view), timer=clock))
    snapshot = archive.one()
    (one,) = snapshot.json["followed"]
    assert round(one["wall_seconds"] * 1e9) == 30
    assert round(snapshot.json["wall_seconds"] * 1e9) == 35
    assert "read" not in snapshot.calls()


def test_cut_amid_the_timer(archive):
    """The thread stands in the clock's Python code when its recording is taken."""
    amid, go = threading.Event(), threading.Event()
    main = threading.get_ident()

    def clock():
        if threading.get_ident() != main:
            seen.append(1)
            if len(seen) == 10:
                amid.set()
                go.wait()
        return len(seen)

    def late():
        work(20)

    def view():
        thread = threading.Thread(target=late)
        threads.append(thread)
        thread.start()
        amid.wait()

    seen, threads = [], []
    serve(archive.wrap(app_of(view), timer=clock))
    go.set()
    threads[0].join()
    snapshot = archive.one()
    assert kinds(snapshot) == [("thread", True)]
    assert 0 < snapshot.calls()["leaf"] < 20
