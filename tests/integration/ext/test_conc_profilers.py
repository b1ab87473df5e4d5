"""Other profilers before, beside and inside a request."""

import bdb
import cProfile
import json
import os
import subprocess
import sys
import threading

import pytest
from ext_archive import Archive
from ext_client import serve

import cprof


@pytest.fixture
def archive(archive_of_mode):
    return archive_of_mode


@pytest.fixture
def has_hook(mode):
    """Ours is the thread's profile function, of which there is one."""
    return mode == "exact" and not MONITORING


OK = "200 OK", []
MONITORING = sys.version_info >= (3, 12)


def work():
    return len("x")


def app(environ, start_response):
    for _ in range(3):
        work()
    start_response(*OK)
    return iter([b"x"])


def test_setprofile_before_is_called_on_and_kept(archive):
    events = []

    def hook(frame, event, arg):
        events.append((event, frame.f_code.co_name))

    middleware = archive.wrap(app)
    sys.setprofile(hook)
    try:
        serve(middleware)
        assert sys.getprofile() is hook
    finally:
        sys.setprofile(None)
    assert events.count(("call", "work")) == events.count(("return", "work")) == 3
    snapshot = archive.one()
    assert snapshot.calls()["work"] == 3
    assert snapshot.json["interrupted"] is False


def test_setprofile_before_that_raises(archive):
    """It is taken out by the interpreter and its error reaches the application, as
    without us; the hook does not come back."""
    def hook(frame, event, arg):
        if frame.f_code.co_name == "work":
            raise KeyError("from the hook")

    middleware = archive.wrap(app)
    sys.setprofile(hook)
    try:
        with pytest.raises(KeyError, match="from the hook"):
            serve(middleware)
        assert sys.getprofile() is None
    finally:
        sys.setprofile(None)
    assert archive.one().json["exception"] == "builtins.KeyError"


def test_settrace_is_left_alone(archive):
    lines = []

    def trace(frame, event, arg):
        lines.append(event)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        serve(archive.wrap(app))
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)
    assert "line" in lines
    assert archive.one().calls()["work"] == 3


def test_cprofile_outside(archive):
    outer = cProfile.Profile()
    middleware = archive.wrap(app)
    outer.enable()
    serve(middleware)
    work()
    outer.disable()
    outer.create_stats()
    theirs = {key[2]: row[1] for key, row in outer.stats.items()}
    assert theirs["work"] == 4
    assert theirs["serve"] == 1
    assert archive.one().calls()["work"] == 3
    assert archive.one().json["interrupted"] is False


def test_cprofile_inside(archive, has_hook):
    inner = cProfile.Profile()

    def profiling(environ, start_response):
        work()
        inner.enable()
        work()
        inner.disable()
        work()
        start_response(*OK)
        return []

    serve(archive.wrap(profiling))
    assert sys.getprofile() is None
    inner.create_stats()
    assert {key[2]: row[1] for key, row in inner.stats.items()}["work"] == 1
    snapshot = archive.one()
    assert snapshot.json["interrupted"] is has_hook
    assert snapshot.calls()["work"] == (1 if has_hook else 3)
    serve(archive.wrap(app), "/after")
    assert [s for s in archive.snapshots()][-1].calls()["work"] == 3


def test_setprofile_inside(archive, has_hook):
    def hook(frame, event, arg):
        pass

    def profiling(environ, start_response):
        work()
        sys.setprofile(hook)
        start_response(*OK)
        return []

    try:
        serve(archive.wrap(profiling))
        assert sys.getprofile() is hook  # the application's wish
    finally:
        sys.setprofile(None)
    assert archive.one().json["interrupted"] is has_hook
    assert archive.one().calls()["work"] == 1


def test_setprofile_inside_and_taken_back(archive, has_hook):
    def profiling(environ, start_response):
        before = sys.getprofile()
        sys.setprofile(lambda *args: None)
        work()
        sys.setprofile(before)
        work()
        start_response(*OK)
        return []

    serve(archive.wrap(profiling))
    assert sys.getprofile() is None
    assert archive.one().json["interrupted"] is has_hook
    if not has_hook:
        assert archive.one().calls()["work"] == 2


def test_one_of_ours_inside_another_and_cprofile_between(archive):
    between = cProfile.Profile()
    inner = archive.wrap(app)

    def outer(environ, start_response):
        between.enable()
        serve(inner, "/inner")
        between.disable()
        work()
        start_response(*OK)
        return []

    serve(archive.wrap(outer), "/outer")
    assert sys.getprofile() is None
    between.create_stats()
    assert {key[2]: row[1] for key, row in between.stats.items()}["work"] == 3
    snapshots = {s.json["path"]: s for s in archive.snapshots()}
    assert snapshots["/inner"].calls()["work"] == 3


def test_threading_setprofile(archive):
    """What an application asks for its threads stays its own."""
    seen = []
    middleware = archive.wrap(app)
    threading.setprofile(lambda frame, event, arg: seen.append(frame.f_code.co_name))
    try:
        thread = threading.Thread(target=serve, args=(middleware,))
        thread.start()
        thread.join()
    finally:
        threading.setprofile(None)
    assert seen.count("work") >= 3
    assert archive.one().calls()["work"] == 3


def test_cprofile_and_ours_side_by_side(mode):
    ours, theirs = cprof.Profile(mode=mode), cProfile.Profile()
    theirs.enable()
    ours.enable()
    work()
    ours.disable()
    theirs.disable()
    ours.create_stats()
    theirs.create_stats()
    for stats in (ours.stats, theirs.stats):
        assert {key[2]: row[1] for key, row in stats.items()}["work"] == 1


@pytest.mark.skipif(not MONITORING, reason="from 3.12 on")
def test_monitoring_tools_of_others(archive):
    tool = next(i for i in (0, 1, 5) if sys.monitoring.get_tool(i) is None)
    events = sys.monitoring.events
    seen = []
    sys.monitoring.use_tool_id(tool, "another")
    try:
        sys.monitoring.register_callback(
            tool, events.PY_START, lambda code, offset: seen.append(code.co_name))
        sys.monitoring.set_events(tool, events.PY_START)
        serve(archive.wrap(app))
        assert sys.monitoring.get_events(tool) == events.PY_START
    finally:
        sys.monitoring.set_events(tool, 0)
        sys.monitoring.free_tool_id(tool)
    assert seen.count("work") == 3
    assert archive.one().calls()["work"] == 3


# For scripts: whether any event of our tools is on.
EVENTS = """
import os, sys
from ext_client import serve
import cprof

def tools():
    return [i for i in range(6) if sys.monitoring.get_tool(i) == "cprof"]

def on():
    return any(sys.monitoring.get_events(i) for i in tools())

def work():
    return len("x")

def fail():
    raise ValueError

def app(environ, start_response):
    work(), work()
    start_response("200 OK", [])
    return []

# The script is no file: its functions are named as if they were.
for f in work, app:
    f.__code__ = f.__code__.replace(co_filename=os.getcwd() + "/app.py")
"""


@pytest.mark.skipif(not MONITORING, reason="from 3.12 on")
@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_no_events_are_left_on(in_process, mode):
    """They stay for the next request, as switching costs more, and go once many calls
    were not profiled: they would slow down every request that is not."""
    in_process(EVENTS + """
middleware = cprof.CProfMiddleware(app, mode=%r)
serve(middleware)
for _ in range(3):
    serve(middleware)
    assert sys.getprofile() is None
    assert tools() or (%r == "fast" and sys.version_info[:2] != (3, 13))
    # In fast mode beside the frame hook: a callback for each frame an exception leaves.
    assert on() or %r == "fast"
    for _ in range(20000):
        try:
            fail()
        except ValueError:
            pass
    assert not on()
""" % (mode, mode, mode))


@pytest.mark.skipif(not MONITORING, reason="from 3.12 on")
@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_one_among_unprofiled_requests_leaves_no_events_on(in_process, mode):
    """Who comes after it would have to switch them off."""
    in_process(EVENTS + """
middleware = cprof.CProfMiddleware(app, mode=%r, ignore=["/ignored"])
for _ in range(2):
    serve(middleware)
    assert not on()
    serve(middleware)
    assert on() or %r == "fast" and sys.version_info[:2] == (3, 12)
    serve(middleware, "/ignored")
    assert not on()
""" % (mode, mode))


@pytest.mark.skipif(not MONITORING, reason="from 3.12 on")
def test_a_profile_leaves_no_events_on(in_process):
    in_process(EVENTS + """
middleware = cprof.CProfMiddleware(app)
serve(middleware), serve(middleware)
assert on()
with cprof.Profile():
    assert on()
    fail
assert not on()
""")


@pytest.mark.skipif(not MONITORING, reason="from 3.12 on")
def test_events_of_app_mode_go_when_nobody_wants_them(in_process):
    """Left on for the next request; off once many calls were not profiled."""
    in_process(EVENTS + """
middleware = cprof.CProfMiddleware(app, mode="app")
for _ in range(3):
    serve(middleware)
    assert on()
    for _ in range(1000):
        work()
    assert on()
    for _ in range(10000):
        work()
    assert not on()
    cprof.Profile(mode="app").runcall(lambda: [work() for _ in range(20000)])
    assert on()
    # Nor with another profile running on the thread.
    cprof.Profile().runcall(lambda: [work() for _ in range(20000)])
    assert not on()
assert cprof.flush(30)
""")


@pytest.mark.skipif(not MONITORING, reason="from 3.12 on")
def test_app_mode_hears_the_same_after_its_events_were_off(in_process, tmp_path):
    from ext_archive import Archive

    in_process(EVENTS + """
middleware = cprof.CProfMiddleware(app, mode="app")
for packages in None, None, ["app"]:
    serve(middleware)
    for _ in range(20000):
        work()
    assert not on()
    cprof.CProfMiddleware(app, packages=packages)
serve(middleware)
assert cprof.flush(30)
""")
    calls = [snapshot.calls() for snapshot in Archive(tmp_path / "profiling").snapshots()]
    assert calls == [{"app": 1, "work": 2}] * 4


@pytest.mark.skipif(not MONITORING, reason="from 3.12 on")
def test_events_of_app_mode_go_in_a_child_too(in_process):
    """One that was forked in the middle of a profile."""
    in_process(EVENTS + """
middleware = cprof.CProfMiddleware(app, mode="app")
pid = [None]

def forking(environ, start_response):
    pid[0] = os.fork()
    return app(environ, start_response)

forking.__code__ = forking.__code__.replace(co_filename=os.getcwd() + "/app.py")
serve(cprof.CProfMiddleware(forking, mode="app"))
if pid[0] == 0:
    for _ in range(20000):
        work()
    os._exit(not on())
assert os.waitpid(pid[0], 0)[1] == 1 << 8
assert on()
""")


@pytest.mark.skipif(not MONITORING, reason="from 3.12 on")
def test_disabled_events_of_others(archive):
    """Ours may be heard of again where another tool said it had heard enough: no more
    often than each time ours are switched, and never less."""
    tool = next(i for i in (0, 1, 5) if sys.monitoring.get_tool(i) is None)
    events = sys.monitoring.events
    seen = []

    def line(code, number):
        if code is work.__code__:
            seen.append(number - code.co_firstlineno)
        return sys.monitoring.DISABLE

    sys.monitoring.use_tool_id(tool, "another")
    try:
        sys.monitoring.restart_events()  # of the tool that had this number before
        sys.monitoring.register_callback(tool, events.LINE, line)
        sys.monitoring.set_events(tool, events.LINE)
        for _ in range(3):
            serve(archive.wrap(app))
        work()
    finally:
        sys.monitoring.set_events(tool, 0)
        sys.monitoring.free_tool_id(tool)
    assert set(seen) == {1} and len(seen) <= 4
    assert [snapshot.calls()["work"] for snapshot in archive.snapshots()] == [3] * 3


class Stops(bdb.Bdb):
    """A debugger that steps through everything, and writes down where it stood."""

    def __init__(self):
        super().__init__()
        self.stops = []

    def user_line(self, frame):
        if frame.f_code.co_filename == __file__:
            self.stops.append((frame.f_code.co_name, frame.f_lineno))
        self.set_step()

    def user_return(self, frame, value):
        if frame.f_code.co_filename == __file__:
            self.stops.append((frame.f_code.co_name, "return"))
        self.set_step()


@pytest.mark.parametrize("backend", ["settrace", "monitoring"])
def test_debugger(archive, backend):
    if backend == "monitoring" and sys.version_info < (3, 14):
        pytest.skip("from 3.14 on")

    def stepped(application):
        debugger = Stops()
        if backend == "monitoring":
            debugger = type("Monitoring", (Stops,), {
                "__init__": lambda self: (bdb.Bdb.__init__(self, backend="monitoring"),
                                          setattr(self, "stops", []))[0]})()
        before = sys.gettrace()
        try:
            debugger.runcall(serve, application)
        finally:
            sys.settrace(before)
        return debugger.stops

    plain = stepped(app)
    assert plain.count(("work", "return")) == 3
    assert stepped(archive.wrap(app)) == plain
    assert archive.one().calls()["work"] == 3
    serve(archive.wrap(app))
    assert archive.snapshots()[-1].calls()["work"] == 3


COVERED = """
import sys, threading
sys.path.insert(0, %(here)r)
from ext_client import serve
import cprof

def work(n):
    if n > 5:
        return "never"
    total = 0
    for i in range(n):
        total += i
    return total

def in_thread():
    return work(3)

def app(environ, start_response):
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    work(2)
    start_response("200 OK", [])
    yield b"x"
    yield b"y"

for _ in range(3):
    serve(cprof.CProfMiddleware(app, "profiling", mode=%(mode)r))
"""


@pytest.mark.parametrize("core", ["ctrace", "sysmon"])
def test_coverage(tmp_path, mode, core):
    """The same lines and branches with and without, and a whole profile."""
    if core == "sysmon" and sys.version_info < (3, 14):
        pytest.skip("before 3.14 it cannot measure branches that way")
    script = tmp_path / "script.py"
    script.write_text(COVERED % {"mode": mode, "here": os.path.dirname(__file__)})
    reports = []
    for disable in "10":
        environ = dict(os.environ, COVERAGE_CORE=core, CPROF_DISABLE=disable)
        for command in (["run", "--branch", "--include=script.py", "script.py"],
                        ["json", "-q", "-o", "report.json"]):
            subprocess.run([sys.executable, "-m", "coverage", *command], check=True,
                           cwd=str(tmp_path), env=environ)
        (report,) = json.loads((tmp_path / "report.json").read_text())["files"].values()
        reports.append((report["executed_lines"], report.get("executed_branches"),
                        report["missing_lines"]))
    assert reports[0] == reports[1]
    assert len(reports[0][2]) == 1  # return "never"
    snapshots = Archive(tmp_path / "profiling").snapshots()
    assert [snapshot.calls()["work"] for snapshot in snapshots] == [2] * 3
    assert all(snapshot.json["interrupted"] is False for snapshot in snapshots)


@pytest.mark.skipif(not MONITORING, reason="from 3.12 on")
def test_all_tools_taken(in_process, tmp_path):
    """Then the old hook serves."""
    in_process("""
import sys
for i in range(6):
    if sys.monitoring.get_tool(i) is None:
        sys.monitoring.use_tool_id(i, "taken")
from ext_client import serve
import cprof
def work(): return len("x")
def app(environ, start_response):
    work(), work()
    start_response("200 OK", [])
    return []
serve(cprof.CProfMiddleware(app))
assert sys.getprofile() is None
""")
    snapshot = Archive(tmp_path / "profiling").one()
    assert snapshot.json["engine"] == "setprofile"
    assert snapshot.calls()["work"] == 2
