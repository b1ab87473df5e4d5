"""An archive that cannot be written: the response is untouched, the log has one
line, and nothing half written is left."""

import os
import shutil
import subprocess

import pytest
from ext_archive import FILES, Archive
from ext_client import serve

import cprof

SCRIPT = """
import logging, os, sys
logging.basicConfig(format="%(name)s %(levelname)s %(message)s")
from ext_client import serve
import cprof

def app(environ, start_response):
    start_response("200 OK", [("X", "y")])
    return iter([b"one", b"two"])

middleware = cprof.CProfMiddleware(app, directory=sys.argv[1] if sys.argv[1:] else "profiling")

def requests(n):
    for i in range(n):
        assert serve(middleware, "/%d" % i).seen() == ("200 OK", [("X", "y")], b"onetwo")
        assert cprof.flush(30)
    print(middleware.counts)
"""


def log(stderr):
    return [line for line in stderr.splitlines() if line.startswith("cprof WARNING")]


def test_archive_is_a_file(in_process, tmp_path):
    (tmp_path / "profiling").write_text("in the way")
    out, err = in_process(SCRIPT + "requests(3)")
    assert out == "{'seen': 3, 'kept': 0, 'dropped': 3}\n"
    (line,) = log(err)
    assert "profiling" in line and "no snapshots are kept" in line
    assert err.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_archive_is_read_only(in_process, tmp_path):
    (tmp_path / "profiling").mkdir(mode=0o500)
    out, err = in_process(SCRIPT + "requests(3)")
    assert "'dropped': 3" in out
    assert len(log(err)) == 1


def test_archive_below_something_that_is_no_folder(in_process):
    out, err = in_process("import sys; sys.argv[1:] = ['/dev/null/profiling']" + SCRIPT +
                          "requests(2)")
    assert "'dropped': 2" in out
    assert len(log(err)) == 1


def test_files_that_may_not_grow(in_process, tmp_path):
    """As a full disk: each write fails half way."""
    out, err = in_process(SCRIPT + """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
requests(1)
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, unlimited[1]))
requests(3)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
""")
    assert out.splitlines()[-1] == "{'seen': 4, 'kept': 1, 'dropped': 3}"
    (line,) = log(err)
    assert "a snapshot was not kept" in line
    archive = Archive(tmp_path / "profiling")
    (run,) = archive.runs()
    left = [name for name in os.listdir(str(tmp_path / "profiling" / run))
            if name not in ("run.json", ".lock")]
    assert len(left) == 1
    assert sorted(os.listdir(str(tmp_path / "profiling" / run / left[0]))) == FILES


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.call(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)],
        stderr=subprocess.DEVNULL) == 0
    if not mounted:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.check_call(["umount", str(disk)])


def test_full_disk_that_empties_again(in_process, small_disk):
    out, err = in_process("import sys; sys.argv[1:] = [%r]" % str(small_disk / "profiling") +
                          SCRIPT + """
requests(1)
ballast = open(os.path.join(os.path.dirname(sys.argv[1]), "ballast"), "wb", buffering=0)
try:
    while ballast.write(bytes(1024)):
        pass
except OSError:
    pass
requests(3)
ballast.close()
os.remove(ballast.name)
requests(1)
""")
    assert out.splitlines()[-1] == "{'seen': 5, 'kept': 2, 'dropped': 3}"
    assert len(log(err)) == 1
    snapshots = Archive(small_disk / "profiling").snapshots()
    assert len(snapshots) == 2
    for snapshot in snapshots:
        assert sorted(os.listdir(snapshot.path)) == FILES
        assert snapshot.stats and snapshot.json


def test_no_file_descriptor_left(in_process, tmp_path):
    out, err = in_process(SCRIPT + """
requests(1)
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
requests(2)
for fd in held:
    os.close(fd)
requests(1)
""")
    assert out.splitlines()[-1] == "{'seen': 4, 'kept': 2, 'dropped': 2}"
    # One for the snapshot, one for the run it could not open anew.
    assert 1 <= len(log(err)) == len({line.split(":")[1] for line in log(err)})


def test_archive_deleted_while_it_is_served(archive):
    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    middleware = archive.wrap(app)
    serve(middleware)
    assert archive.one()
    shutil.rmtree(archive.path)
    for _ in range(3):
        serve(middleware)
        assert cprof.flush(10)
    assert len(archive.snapshots()) >= 2  # one may be lost to finding it out


def test_archive_is_a_link(tmp_path):
    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    archive = Archive(tmp_path / "link")
    serve(archive.wrap(app))
    assert archive.one()
    assert os.listdir(str(tmp_path / "real"))


def test_logging_that_fails_or_calls_back(in_process, tmp_path):
    """A handler's own troubles are not the request's."""
    (tmp_path / "profiling").write_text("in the way")
    out, err = in_process(SCRIPT + """
class Handler(logging.Handler):
    def emit(self, record):
        raise RuntimeError("no log")
    def handleError(self, record):
        raise RuntimeError("no log at all")
logging.getLogger("cprof").addHandler(Handler())
requests(2)
""")
    assert "'dropped': 2" in out


def test_default_logging_says_it_on_standard_error(in_process, tmp_path):
    (tmp_path / "profiling").write_text("in the way")
    out, err = in_process(SCRIPT.replace("logging.basicConfig", "# logging") + "requests(2)")
    assert err.count("cprof: no snapshots are kept") == 1
