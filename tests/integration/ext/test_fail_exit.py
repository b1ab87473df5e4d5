"""The end of the process, and its children."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from ext_archive import FILES, Archive
from ext_client import instrumented

APP = """
import gc, os, sys, threading, time, traceback
from ext_client import serve, environ_for
import cprof

def work():
    return len("x")

def app(environ, start_response):
    work()
    start_response("200 OK", [])
    return iter([b"x"])

middleware = cprof.CProfMiddleware(app)
"""


def whole(snapshots):
    for snapshot in snapshots:
        assert sorted(os.listdir(snapshot.path)) == FILES
        assert snapshot.stats and snapshot.json and snapshot.pprof.samples
    return len(snapshots)


def hidden(archive):
    """What is left of snapshots that were begun."""
    (run,) = archive.runs()
    return [name for name in os.listdir(os.path.join(archive.path, run))
            if name[0] == "." and name != ".lock"]


@pytest.fixture
def left(tmp_path):
    return Archive(tmp_path / "profiling")


@pytest.mark.parametrize("end, status", [
    ("", 0), ("sys.exit(3)", 3), ("raise ValueError", 1),
    ("threading.Thread(target=lambda: [time.sleep(0.2), serve(middleware)]).start()", 0),
])
def test_snapshots_are_written_at_exit(in_process, left, end, status):
    in_process(APP + "for i in range(20): serve(middleware)\n" + end, status)
    assert whole(left.snapshots()) == 20 + ("Thread" in end)
    (process,) = left.run_json()["processes"]
    assert process["seen"] == process["kept"] == 20 + ("Thread" in end)


def test_request_under_way_at_exit(in_process, left):
    """Its body is dropped when modules go, after the writer."""
    out, err = in_process(APP + """
serve(middleware)
result = middleware(environ_for("/under/way"), lambda *a: None)
next(iter(result))
sys.modules["keeps"] = result
""")
    assert whole(left.snapshots()) in (1, 2)
    assert hidden(left) == []
    assert err == ""


def test_daemon_thread_serving_at_exit(in_process, left):
    out, err = in_process(APP + """
def forever():
    while True:
        serve(middleware)
        time.sleep(0.002)
for _ in range(3):
    threading.Thread(target=forever, daemon=True).start()
time.sleep(0.3)
""")
    assert whole(left.snapshots()) > 0
    assert hidden(left) == []
    assert "Traceback" not in err and "Fatal" not in err


def test_os_exit_leaves_nothing_half_written_in_sight(in_process, left):
    in_process(APP + """
for i in range(5): serve(middleware)
cprof.flush()
for i in range(200): serve(middleware)
os._exit(0)
""")
    assert whole(left.snapshots()) >= 5


def test_killed(tmp_path, left):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(APP) + """
for i in range(5): serve(middleware)
cprof.flush()
print("served", flush=True)
while True: serve(middleware)
"""], cwd=str(tmp_path), stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
    try:
        assert process.stdout.readline() == b"served\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert whole(left.snapshots()) >= 5


def test_interrupted_flush(in_process):
    """Ctrl-C is heard while flush() waits."""
    out, err = in_process(APP + """
import signal
for i in range(500): serve(middleware)
def alarm(number, frame): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, alarm)
signal.setitimer(signal.ITIMER_REAL, 0.01)
try:
    cprof.flush()
    time.sleep(1)
except KeyboardInterrupt:
    print("heard")
""")
    assert out == "heard\n"


def test_flush_gives_up(in_process, left):
    out, err = in_process(APP + """
for i in range(300): serve(middleware)
start = time.monotonic()
first = cprof.flush(timeout=0)
print(time.monotonic() - start < 0.5, cprof.flush(60), cprof.flush(0))
""")
    assert out == "True True True\n"
    assert len(left.snapshots()) == 300


FORK = """
def child(function):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            function()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
"""


def test_fork_inside_a_request(in_process, left, mode):
    """The parent's profile is whole, the child is not profiled and serves its own."""
    out, err = in_process(APP + FORK + """
def in_child():
    work()
    assert sys.getprofile() is None
    assert serve(middleware, "/child").body == b"x"
    assert cprof.flush(30)

def forking(environ, start_response):
    work()
    child(in_child)
    work()
    start_response("200 OK", [])
    return []

serve(cprof.CProfMiddleware(forking), "/parent")
assert sys.getprofile() is None
serve(middleware, "/after")
""", as_file=True, CPROF_MODE=mode)
    snapshots = {s.json["path"]: s for s in left.snapshots()}
    assert whole(list(snapshots.values())) == 3
    assert set(snapshots) == {"/parent", "/child", "/after"}
    assert snapshots["/parent"].calls()["work"] == 2
    assert "in_child" not in snapshots["/parent"].calls()
    assert snapshots["/child"].calls()["work"] == 1
    assert snapshots["/child"].json["pid"] != snapshots["/parent"].json["pid"]
    assert len({s.run for s in snapshots.values()}) == 1
    counts = [(p["seen"], p["kept"], p["dropped"]) for p in left.run_json()["processes"]]
    assert sorted(counts) == [(1, 1, 0), (2, 2, 0)]


def test_child_that_goes_on_with_the_request(in_process, left, mode):
    """As a double fork to a daemon might: the request returns in both."""
    out, err = in_process(APP + """
def forking(environ, start_response):
    environ["child"] = os.fork() == 0
    work()
    start_response("200 OK", [])
    return iter([b"both"])

environ = environ_for("/both")
result = cprof.CProfMiddleware(forking)(environ, lambda *a: None)
assert list(result) == [b"both"]
result.close()
assert sys.getprofile() is None
if environ["child"]:
    cprof.flush(30)
    os._exit(0)
os.wait()
""", as_file=True, CPROF_MODE=mode)
    assert whole(left.snapshots()) == 1
    assert left.snapshots()[0].calls()["work"] == 1


def test_fork_inside_a_body(in_process, left, mode):
    in_process(APP + FORK + """
def streaming(environ, start_response):
    start_response("200 OK", [])
    yield b"one"
    child(work)
    work()
    yield b"two"

assert serve(cprof.CProfMiddleware(streaming)).body == b"onetwo"
""", as_file=True, CPROF_MODE=mode)
    assert left.snapshots()[0].calls()["work"] == 1


def test_workers_forked_before_the_first_request(in_process, left):
    """As a server that loads the application first: no thread before the fork, one
    run for all."""
    in_process(APP + FORK + """
import threading
assert threading.active_count() == 1
if os.path.isdir("/proc/self/task"):
    assert len(os.listdir("/proc/self/task")) == 1
def worker():
    for i in range(10): serve(middleware, "/%d" % os.getpid())
    assert cprof.flush(30)
for _ in range(4): child(worker)
""")
    snapshots = left.snapshots()
    assert whole(snapshots) == 40
    assert len({s.json["pid"] for s in snapshots}) == 4
    assert sorted({s.json["served_before"] for s in snapshots}) == list(range(10))
    counts = [(p["seen"], p["kept"]) for p in left.run_json()["processes"]]
    assert counts == [(10, 10)] * 4


@pytest.mark.skipif(instrumented, reason="AddressSanitizer's allocator may be locked in a child")
def test_fork_after_requests_with_two_archives(in_process, left, tmp_path):
    """The child's counts are its own, in the archive it does not use as well."""
    in_process(APP + FORK + """
other = cprof.CProfMiddleware(app, directory="other")
for i in range(3): serve(other)
serve(middleware)
def worker():
    serve(middleware)
    cprof.flush(30)
child(worker)
""")
    assert [p["seen"] for p in left.run_json()["processes"]] == [1, 1]
    assert [p["seen"] for p in Archive(tmp_path / "other").run_json()["processes"]] == [3]


@pytest.mark.skipif(instrumented, reason="AddressSanitizer's allocator may be locked in a child")
def test_fork_while_others_are_served(in_process, left):
    """The child of one thread is clean whatever the other threads were at."""
    out, err = in_process(APP + FORK + """
stop = False
def forever():
    while not stop:
        serve(middleware)
        time.sleep(0.005)
threads = [threading.Thread(target=forever, daemon=True) for _ in range(3)]
for thread in threads: thread.start()
def once():
    assert serve(middleware, "/child").body == b"x"
    assert cprof.flush(30)
for _ in range(10): child(once)
stop = True
for thread in threads: thread.join()
""", timeout=120)
    paths = [s.json["path"] for s in left.snapshots()]
    assert paths.count("/child") == 10
    assert whole(left.snapshots())


def test_subprocess_in_a_request(in_process, left):
    in_process(APP + """
import subprocess
def running(environ, start_response):
    out = subprocess.check_output([sys.executable, "-c", "print(1)"])
    start_response("200 OK", [])
    return [out]
assert serve(cprof.CProfMiddleware(running)).body == b"1\\n"
""")
    assert whole(left.snapshots()) == 1


def test_multiprocessing_in_a_request(in_process, left):
    in_process(APP + """
import multiprocessing
def square(x): return x * x
def running(environ, start_response):
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        assert pool.map(square, range(4)) == [0, 1, 4, 9]
    start_response("200 OK", [])
    return []
serve(cprof.CProfMiddleware(running))
""")
    assert whole(left.snapshots()) == 1
    assert "square" not in left.snapshots()[0].calls()
