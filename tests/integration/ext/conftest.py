import os
import subprocess
import sys
import textwrap

import pytest
from ext_archive import Archive

import cprof


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("CPROF_DIR", "CPROF_RUN", "CPROF_DISABLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def no_hook_stays():
    """Whatever a test does, no thread of it may go on being profiled."""
    before = sys.getprofile()
    yield
    assert sys.getprofile() is before
    called = []
    sys.setprofile(None)
    sys.setprofile(lambda frame, event, arg: called.append(event))
    sys.setprofile(before)
    assert called, "the hook could not be set"


@pytest.fixture
def archive(tmp_path):
    yield Archive(tmp_path / "profiling")
    assert cprof.flush(30)


@pytest.fixture(params=["exact", "fast", "app"])
def mode(request):
    """For a test that says what holds in each."""
    return request.param


@pytest.fixture
def archive_of_mode(tmp_path, mode):
    yield Archive(tmp_path / "profiling", mode)
    assert cprof.flush(30)


@pytest.fixture
def quick_switches():
    """Threads take turns after a microsecond."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def in_process(tmp_path):
    """Runs a script in a Python of its own; its standard output and error. `as_file`:
    it is an application, for mode "app"."""

    def run(script, status=0, timeout=60, as_file=False, **environ):
        here = os.path.dirname(os.path.abspath(__file__))
        variables = dict(os.environ, **environ)
        variables["PYTHONPATH"] = os.pathsep.join(
            [here] + [path for path in [variables.get("PYTHONPATH")] if path])
        command = ["-c", textwrap.dedent(script)]
        if as_file:
            (tmp_path / "script.py").write_text(command[1])
            command = ["script.py"]
        done = subprocess.run([sys.executable, *command], cwd=str(tmp_path), env=variables,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, timeout=timeout)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done.stdout, done.stderr

    return run
