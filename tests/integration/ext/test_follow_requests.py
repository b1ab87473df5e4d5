"""Many requests at once, switches, forks and greenlets; and nothing stays behind."""

import concurrent.futures
import gc
import json
import subprocess
import sys
import threading
import weakref

import pytest
from ext_client import environ_for, instrumented, serve
from ext_follow import JOB, THREAD, answer, app_of, assert_restored, beside, kinds

import cprof


@pytest.fixture(autouse=True)
def restored():
    yield
    assert_restored()


def leaf():
    pass


def work(n):
    for _ in range(n):
        leaf()


def run_thread(**options):
    thread = threading.Thread(**options)
    thread.start()
    thread.join()


def test_no_mixing(archive, mode):
    """Eight requests at once over one executor, each with its own number of calls."""
    pool = concurrent.futures.ThreadPoolExecutor(3)
    barrier = threading.Barrier(8)

    def app(environ, start_response):
        n = int(environ["PATH_INFO"][1:])
        barrier.wait()
        future = pool.submit(work, n)
        thread = threading.Thread(target=work, args=(10 * n,))
        thread.start()
        barrier.wait()
        work(100 * n)
        thread.join()
        future.result()
        return answer(start_response)

    wrapped = archive.wrap(app, mode=mode)
    servers = [threading.Thread(target=serve, args=(wrapped, "/%d" % n)) for n in range(1, 9)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    pool.shutdown()
    snapshots = archive.snapshots()
    assert len(snapshots) == 8
    for snapshot in snapshots:
        n = int(snapshot.json["path"][1:])
        assert beside(snapshot, JOB)["work;leaf"] == n
        assert beside(snapshot, THREAD)["work;leaf"] == 10 * n
        assert snapshot.calls()["leaf"] == 111 * n
        assert kinds(snapshot) == [("job", False), ("thread", False)]
        assert snapshot.json["lost"] == 0


def test_follow_false(archive):
    def view():
        seen.append(threading.Thread.__dict__["start"].__class__.__name__)
        run_thread(target=leaf)

    seen = []
    serve(archive.wrap(app_of(view), follow=False))
    snapshot = archive.one()
    assert type(threading.Thread.start).__name__ == seen[0] == "function"
    assert snapshot.json["followed"] == []
    assert "leaf" not in snapshot.calls()


def test_disabled(archive, monkeypatch):
    monkeypatch.setenv("CPROF_DISABLE", "1")

    def view():
        seen.append(threading.Thread.__dict__["start"])
        run_thread(target=leaf)

    seen = []
    before = threading.Thread.__dict__["start"]
    serve(archive.wrap(app_of(view)))
    assert seen == [before]
    assert archive.snapshots() == []


def test_without_a_sample(archive):
    def view():
        seen.append(threading.Thread.__dict__["start"])

    seen = []
    serve(archive.wrap(app_of(view), sample=0))
    assert type(seen[0]).__name__ == "function"


@pytest.mark.parametrize("end", ["exception", "dropped", "no_close"])
def test_restored_however_it_ends(archive, end):
    def app(environ, start_response):
        run_thread(target=leaf)
        if end == "exception":
            raise KeyError("view")

        def body():
            yield b"a"
            yield b"b"

        start_response("200 OK", [])
        return body()

    wrapped = archive.wrap(app)
    if end == "exception":
        with pytest.raises(KeyError):
            serve(wrapped)
    elif end == "dropped":
        serve(wrapped, blocks=1)
    else:
        response = serve(wrapped, close=False)
        response.result = None
        del response
        gc.collect()
    assert_restored()
    assert kinds(archive.one()) == [("thread", False)]


def test_fork_in_the_request(archive, in_process):
    """The child has the originals and records nothing; the parent goes on."""
    out, _ = in_process("""
        import concurrent.futures, os, sys, threading
        from concurrent.futures import ThreadPoolExecutor
        from ext_archive import Archive
        from ext_client import serve
        from ext_follow import answer, assert_restored, kinds

        def leaf():
            pass

        def run_thread():
            thread = threading.Thread(target=leaf)
            thread.start()
            thread.join()

        def in_child():
            assert_restored()
            run_thread()
            assert leaf_calls == []
            with ThreadPoolExecutor(1) as pool:
                pool.submit(leaf).result()
            # The child serves on its own.
            serve(child_app)
            assert_restored()
            assert child.snapshots()[-1].json["followed"] != []

        def fork():
            pid = os.fork()
            if pid == 0:
                try:
                    in_child()
                except BaseException:
                    import traceback
                    traceback.print_exc()
                    os._exit(1)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0

        def view(environ, start_response):
            run_thread()
            fork()
            thread = threading.Thread(target=fork)
            thread.start()
            thread.join()
            run_thread()
            return answer(start_response)

        def small(environ, start_response):
            run_thread()
            return answer(start_response)

        leaf_calls = []
        archive = Archive("parent")
        child = Archive("child-%d" % os.getpid())
        for mode in ("exact", "fast", "app"):
            child = Archive("child-" + mode)
            child_app = child.wrap(small)
            serve(archive.wrap(view, mode=mode))
            assert_restored()
            snapshot = archive.snapshots()[-1]
            assert kinds(snapshot) == [("thread", False)] * 3, snapshot.json
            assert snapshot.calls()["leaf"] == 2, snapshot.calls()
        print("fine")
    """, as_file=True)
    assert out == "fine\n"


def test_fork_with_a_running_strand(in_process):
    """A child of another thread has nothing of the strands that ran."""
    out, _ = in_process("""
        import os, threading
        from ext_archive import Archive
        from ext_client import serve
        from ext_follow import answer, assert_restored, kinds

        go, inside = threading.Event(), threading.Event()

        def wait():
            inside.set()
            go.wait()

        def view(environ, start_response):
            thread = threading.Thread(target=wait)
            thread.start()
            inside.wait()
            pid = os.fork()
            if pid != 0:
                assert os.waitpid(pid, 0)[1] == 0
            go.set()
            if pid != 0:
                thread.join()
            else:
                is_child.append(1)
            return answer(start_response)

        is_child = []
        archive = Archive("profiling")
        serve(archive.wrap(view))
        assert_restored()
        if is_child:
            os._exit(0)
        assert kinds(archive.one()) == [("thread", False)]
        print("fine")
    """)
    assert out == "fine\n"


@pytest.mark.skipif(instrumented, reason="AddressSanitizer's allocator may be locked in a child")
def test_fork_at_any_moment(in_process, mode):
    """While others' requests begin, hand on, run beside and end."""
    out, _ = in_process("""
        import os, signal, sys, threading, time
        from concurrent.futures import ThreadPoolExecutor
        from ext_archive import Archive
        from ext_client import serve
        from ext_follow import answer, assert_restored, kinds

        def leaf():
            pass

        def work(n):
            for _ in range(n):
                leaf()

        def app(environ, start_response):
            thread = threading.Thread(target=work, args=(20,))
            thread.start()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(work, 20).result()
            thread.join()
            work(20)
            return answer(start_response)

        def forever():
            while not stop.is_set():
                serve(wrapped)
                time.sleep(0.001)

        def in_child():
            signal.alarm(20)
            assert_restored()
            assert sys.getprofile() is None
            child = Archive("child-%d" % os.getpid())
            serve(child.wrap(app))
            assert_restored()
            snapshot = child.one()
            assert kinds(snapshot) == [("job", False), ("thread", False)]
            assert snapshot.calls()["leaf"] == 60

        sys.setswitchinterval(1e-4)
        archive, stop = Archive("parent"), threading.Event()
        wrapped = archive.wrap(app)
        serve(wrapped)
        servers = [threading.Thread(target=forever, daemon=True) for _ in range(2)]
        for server in servers:
            server.start()
        for i in range(15):
            time.sleep(0.0007 * i)
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    in_child()
                    status = 0
                finally:
                    os._exit(status)
            assert os.waitpid(pid, 0)[1] == 0, i
        stop.set()
        for server in servers:
            server.join()
        assert_restored()
        for snapshot in archive.snapshots():
            assert kinds(snapshot) == [("job", False), ("thread", False)]
            assert snapshot.calls()["leaf"] == 60
        print("fine")
    """, as_file=True, CPROF_MODE=mode)
    assert out == "fine\n"


def test_requests_import_nothing(in_process):
    """A fork on another thread might come into it: the child would wait for the import
    for ever."""
    out, _ = in_process("""
        import sys, threading
        from ext_client import serve
        import cprof

        def app(environ, start_response):
            start_response("200 OK", [])
            return [b"x"]

        before = set(sys.modules)
        for mode in "exact", "fast", "app":
            middleware = cprof.CProfMiddleware(app, mode=mode, metrics=["cpu", "allocs"])
            server = threading.Thread(target=serve, args=(middleware,))
            server.start()
            server.join()
        assert cprof.flush(30)
        print(sorted(set(sys.modules) - before))
    """)
    assert out == "[]\n"


@pytest.mark.skipif(instrumented,
                    reason="greenlet copies stacks with AddressSanitizer's red zones in them")
def test_gevent(in_process, mode):
    """Threads are greenlets there: each has its own profile all the same."""
    pytest.importorskip("gevent")
    out, _ = in_process("""
        from gevent import monkey
        monkey.patch_all()
        import threading, time
        from concurrent.futures import ThreadPoolExecutor
        import gevent
        from ext_archive import Archive
        from ext_client import serve
        from ext_follow import JOB, THREAD, answer, beside, kinds

        def leaf():
            pass

        def work(n):
            for _ in range(n):
                leaf()
                time.sleep(0)

        def app(environ, start_response):
            n = int(environ["PATH_INFO"][1:])
            thread = threading.Thread(target=work, args=(n,))
            thread.start()
            work(10 * n)
            thread.join()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(work, 100 * n).result()
            late = threading.Thread(target=time.sleep, args=(0.3,))
            late.start()
            time.sleep(0.01)
            return answer(start_response)

        start = threading.Thread.start
        archive = Archive("profiling")
        wrapped = archive.wrap(app, mode=%r)
        serve(wrapped, "/1")
        gevent.joinall([gevent.spawn(serve, wrapped, "/%%d" %% n) for n in range(2, 6)],
                       raise_error=True)
        assert threading.Thread.start is start
        time.sleep(0.4)
        for snapshot in archive.snapshots():
            n = int(snapshot.json["path"][1:])
            assert kinds(snapshot) == [("job", False), ("thread", False), ("thread", True)], \\
                snapshot.json
            assert beside(snapshot, THREAD)["work;leaf"] == n, beside(snapshot, THREAD)
            assert beside(snapshot, JOB)["work;leaf"] == 100 * n
            assert snapshot.calls()["leaf"] == 111 * n
        print("fine")
    """ % mode, as_file=True)
    assert out == "fine\n"


def test_no_import_before_it_is_needed(in_process):
    """gevent must find locks unmade: executors are not imported with the package."""
    out, _ = in_process("""
        import sys
        import cprof
        app = cprof.CProfMiddleware(lambda environ, start_response: [])
        print("concurrent.futures.thread" in sys.modules)
    """)
    assert out == "False\n"


def test_process_without_threading(in_process):
    out, _ = in_process("""
        import sys
        assert "threading" not in sys.modules
        import cprof

        def app(environ, start_response):
            start_response("200 OK", [])
            return [b""]

        app = cprof.CProfMiddleware(app)
        app({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *args: None)
        print("threading" in sys.modules)
        cprof.flush()
    """)
    assert out in ("False\n", "True\n")  # as the route's helpers have it


class Thing:
    pass


def test_nothing_is_kept(archive):
    """Not the request, not the job's things: once it is over, and after the thread."""
    things, go = [], threading.Event()

    def hold(thing, wait):
        if wait:
            go.wait()

    def view():
        for wait in (False, True):
            thing = Thing()
            things.append(weakref.ref(thing))
            thread = threading.Thread(target=hold, args=(thing, wait), daemon=True)
            threads.append(thread)
            thread.start()
            if not wait:
                thread.join()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            thing = Thing()
            things.append(weakref.ref(thing))
            pool.submit(hold, thing, False).result()

    threads = []
    gc.disable()
    try:
        environ = environ_for("/")
        app = archive.wrap(app_of(view))
        app(environ, lambda *args: None)
        request = environ.pop("cprof.request")
        alone = Thing()
        assert sys.getrefcount(request) == sys.getrefcount(alone)
        assert [thing() is None for thing in things] == [True, False, True]
        go.set()
        threads[1].join()
        assert [thing() is None for thing in things] == [True] * 3
        dead = [weakref.ref(thread) for thread in threads]
        del threads[:]
        # A thread is in cycles of its own before 3.10 or so.
        gc.collect()
        assert [thread() for thread in dead] == [None, None]
    finally:
        go.set()
        gc.enable()


def test_no_reference_leaks(archive, mode):
    """Objects of the types that follow are gone when the requests are."""
    def view():
        run_thread(target=work, args=(3,))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(work, 2).result()
            pool.submit(work, 2)

    wrapped = archive.wrap(app_of(view), mode=mode)
    things = (work, work.__code__, view, threading.Thread, threading.Thread.start,
              concurrent.futures.ThreadPoolExecutor.submit, app_of)

    def references():
        assert cprof.flush(30)
        gc.collect()
        return [sys.getrefcount(thing) for thing in things]

    for _ in range(5):
        serve(wrapped)
    before = references()
    for _ in range(30):
        serve(wrapped)
    grown = [now - then for now, then in zip(references(), before)]
    # A worker may be on its way out; one for each request would be 30.
    assert max(grown) < 5, grown
    names = [type(o).__name__ for o in gc.get_objects()
             if type(o).__module__ == "cprof._cprof"]
    assert "Strand" not in names and "Request" not in names
    assert names.count("Wrapper") <= 4  # to be used again


def test_churn(archive):
    """Threads that end while requests are cut, again and again."""
    stop = threading.Event()

    def spin():
        while not stop.is_set():
            work(50)

    def view():
        for _ in range(3):
            threading.Thread(target=spin, daemon=True).start()
        threading.Thread(target=work, args=(200,)).start()
        work(20)

    wrapped = [archive.wrap(app_of(view), mode=mode) for mode in ("exact", "fast", "app")]
    before = threading.active_count()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for i in range(30):
            stop.clear()
            serve(wrapped[i % 3])
            stop.set()
            while threading.active_count() > before:
                pass
    finally:
        stop.set()
        sys.setswitchinterval(interval)
    for snapshot in archive.snapshots():
        followed = snapshot.json["followed"]
        assert len(followed) + snapshot.json["followed_lost"] == 4


def test_formats_agree(archive):
    """pstats adds up all there is; ours tell the request from what ran beside it."""
    def view():
        run_thread(target=work, args=(5,))
        work(2)

    serve(archive.wrap(app_of(view)))
    snapshot = archive.one()
    calls = snapshot.calls()
    assert calls[THREAD] == 1
    assert calls["leaf"] == 7
    assert b"{started thread}" in snapshot.read("callstack.txt")
    assert b"started thread" in snapshot.read("profile.kgrind")


def cprof_json(*args):
    done = subprocess.run(["cprof", *args], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.decode())


def has_command():
    try:
        return subprocess.run(["cprof", "version"], stdout=subprocess.PIPE).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not has_command(), reason="the command is not on PATH")
def test_command_shows_it_apart(archive):
    go = threading.Event()

    def view():
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(threading.Event().wait, 0.1) for _ in range(4)]:
                future.result()
        threading.Thread(target=go.wait, daemon=True).start()

    serve(archive.wrap(app_of(view)))
    go.set()
    snapshot = archive.one()
    table = cprof_json("show", "--json", snapshot.path)
    assert table["total"] <= table["wall_ns"] < table["beside"]
    assert table["beside"] >= 0.4e9
    tree = cprof_json("show", "--json", "--tree", "--min", "0", snapshot.path)["tree"]
    roots = [node for node in tree if node["parent"] is None]
    assert [node["name"] for node in roots] == [None, JOB, THREAD]
    assert roots[0]["cumtime"] == pytest.approx(table["wall_ns"], rel=0.01)
    assert roots[1]["cumtime"] >= 0.4e9
    assert roots[1]["calls"] == 4
    text = subprocess.run(["cprof", "show", "--tree", snapshot.path], stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    assert "of its threads and jobs 1 went on after the request" in text
    (job,) = [line for line in text.splitlines() if "{executor job}" in line]
    assert float(job.split("%")[0].split()[-1]) > 100
