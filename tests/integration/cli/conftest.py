import os
import shutil
import subprocess
import sys

import pytest

from cli_work import Work, load, profile_of

SERVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "serve_requests.py")


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


@pytest.fixture
def profiles():
    """Two profiles of one function; the second makes 30 calls of abs() more."""
    return profile_of(load, 10), profile_of(load, 40)


@pytest.fixture(scope="session")
def served_archive(tmp_path_factory):
    """Two runs that the middleware wrote: (folder, first run, second run)."""
    cprof = pytest.importorskip("cprof")
    folder = tmp_path_factory.mktemp("served")
    for run, calls in ("first", 3), ("second", 8):
        subprocess.run([sys.executable, SERVE, str(folder), run, str(calls)], check=True,
                       timeout=120)
    assert cprof is not None
    return folder


@pytest.fixture
def served(served_archive, tmp_path):
    """A copy of them, for the test to work on."""
    work = Work(tmp_path / "served")
    shutil.copytree(str(served_archive), str(work.path))
    return work, "first", "second"
