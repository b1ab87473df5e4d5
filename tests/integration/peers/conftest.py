import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, os.pardir, "servers"))

from snapshots import only_run  # noqa: E402


def found_pythons():
    """(version, path) of each CPython that the suite runs on."""
    lister = os.path.join(HERE, *[os.pardir] * 3, "ci", "test-python")
    done = subprocess.run([lister, "--list"], check=True, stdout=subprocess.PIPE, text=True)
    return [tuple(line.split(None, 1)) for line in done.stdout.splitlines()]


PYTHONS = found_pythons()


@pytest.fixture(params=PYTHONS, ids=[version for version, _ in PYTHONS])
def each_python(request):
    return request.param[1]


@pytest.fixture
def python315():
    for version, path in PYTHONS:
        if version.startswith("3.15"):
            return path
    pytest.skip("no CPython 3.15: `make pythons` gets it")


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """The folder that holds `profiling`, with a snapshot of each route of odd_app."""
    path = tmp_path_factory.mktemp("peers")
    subprocess.run([sys.executable, os.path.join(HERE, "odd_app.py")], check=True, cwd=path)
    return path


@pytest.fixture(scope="session")
def snapshots(base):
    """Relative to base, as their user would type them."""
    run = only_run(str(base / "profiling"))
    for snapshot in run.snapshots:
        snapshot.where = os.path.join("profiling", run.name, snapshot.name)
    return run.snapshots
