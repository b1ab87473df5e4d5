"""One interpreter of a process has the profiler: others pass their requests on."""

import importlib.util
import sys

import pytest
from ext_archive import Archive

found = [name for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name)]
pytestmark = pytest.mark.skipif(not found, reason="this Python cannot make interpreters")

# mod_wsgi's share a GIL and much else; from 3.12 on there are others that do not.
KINDS = ["legacy"] + (["isolated"] if sys.version_info >= (3, 12) else [])
kinds = pytest.mark.parametrize("kind", KINDS)

PRELUDE = """
import sys
import %(interpreters)s as interpreters

def sub(script, kind=%(kind)r):
    if sys.version_info >= (3, 13):
        made = interpreters.create(kind)
    elif sys.version_info >= (3, 12):
        made = interpreters.create(isolated=kind == "isolated")
    else:
        made = interpreters.create()
    failure = interpreters.run_string(made, "import sys; sys.path[:] = %%r\\n" %% sys.path + script)
    assert failure is None, failure
    interpreters.destroy(made)

def work():
    return len("x")

def app(environ, start_response):
    work()
    start_response("200 OK", [])
    return [b"x"]

APP = '''
def work():
    return len("x")

def app(environ, start_response):
    work()
    start_response("200 OK", [])
    return [b"x"]
'''

SERVED = APP + '''
from ext_client import serve
import cprof
assert serve(cprof.CProfMiddleware(app, "sub")).body == b"x"
cprof.flush()
'''

REFUSED = "import ext_absent; ext_absent.check()"
"""


@pytest.fixture
def script(in_process):
    def run(kind, text):
        return in_process(PRELUDE % {"interpreters": found[0], "kind": kind} + text,
                          as_file=True)

    return run


def works(path):
    return [snapshot.calls()["work"] for snapshot in Archive(path).snapshots()]


SAID = ("cprof: nothing is profiled here: cprof supports one interpreter per process, and "
        "another imported it first\n")


@kinds
def test_second_interpreter(script, tmp_path, kind):
    """It says so once; the first goes on."""
    out, _ = script(kind, """
from ext_client import serve
import cprof
middleware = cprof.CProfMiddleware(app, "main")
serve(middleware)
sub(REFUSED)
serve(middleware)
sub(REFUSED)
serve(middleware)
""")
    assert out == SAID * 2
    assert works(tmp_path / "main") == [1, 1, 1]


@kinds
def test_first_interpreter_is_another(script, tmp_path, kind):
    """Under mod_wsgi it is never the main one that serves."""
    out, _ = script(kind, """
sub(SERVED)
exec(REFUSED)
sub(REFUSED)
""")
    assert out == SAID * 2
    assert works(tmp_path / "sub") == [1]


@kinds
def test_request_that_runs_another_interpreter(script, tmp_path, kind, mode):
    """That is the time of who runs it, and no more."""
    script(kind, """
from ext_client import serve
import cprof

def view(environ, start_response):
    work()
    sub(APP + '''
import threading
def other():
    work()
for _ in range(100):
    other()
# One may not have threads.
try:
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
except RuntimeError:
    pass
''')
    work()
    return app(environ, start_response)

serve(cprof.CProfMiddleware(view, "main", mode=%r))
""" % mode)
    (snapshot,) = Archive(tmp_path / "main").snapshots()
    calls = snapshot.calls()
    assert calls["work"] == 3
    assert "other" not in calls
    assert snapshot.json["interrupted"] is False
    assert snapshot.json["followed"] == []


def test_taken_out_of_sys_modules(in_process, tmp_path):
    """Not another interpreter: what is imported anew works, and so does what was."""
    in_process("""
import sys
from ext_client import serve
import cprof

def app(environ, start_response):
    start_response("200 OK", [])
    return [b"x"]

before = cprof.CProfMiddleware(app)
serve(before)
for name in [name for name in sys.modules if name.split(".")[0] == "cprof"]:
    del sys.modules[name]
import cprof
serve(cprof.CProfMiddleware(app))
serve(before)
""")
    assert len(Archive(tmp_path / "profiling").snapshots()) == 3
