"""What every server is asked, and one server's life with it."""
import os
import random

from serving import Server, ask, ask_all, go_away, wait_until
from snapshots import only_run

# Every kind of response there is, one after the other.
ONE_BY_ONE = [
    ("GET", "/"),
    ("HEAD", "/"),
    ("GET", "/user/7"),
    ("GET", "/stream/once"),
    ("GET", "/file"),
    ("GET", "/big/40"),
    ("GET", "/empty"),
    ("GET", "/error"),
    ("GET", "/nowhere/at/all"),
    ("DELETE", "/user/7"),
    ("GET", "/caf%C3%A9/%2e%2e/x"),
    ("POST", "/echo", b"a short body"),
    ("POST", "/echo", bytes(range(256)) * 2000),
    ("GET", "/broken-stream"),
    ("GET", "/raw/list"),
    ("GET", "/raw/tuple"),
    ("GET", "/raw/iterator"),
    ("GET", "/raw/sized"),
    ("GET", "/raw/write"),
    ("GET", "/raw/late"),
    ("GET", "/raw/exc-info"),
]
# By eight clients at once; the same in every run.
AT_ONCE = [request for number in range(6) for request in [
    ("GET", "/user/%d" % (100 + number)),
    ("GET", "/stream/n%d" % number),
    ("GET", "/file?again=%d" % number),
    ("GET", "/big/%d" % (number + 1)),
    ("POST", "/echo", b"%d" % number * 1000),
    ("GET", "/error"),
    ("GET", "/raw/write"),
    ("GET", "/nowhere/%d" % number),
]]
random.Random(3).shuffle(AT_ONCE)


def make_work(path):
    path.mkdir()
    (path / "file.bin").write_bytes(random.Random(1).randbytes(300_000))
    # gunicorn names its processes if it can: only where that is the point.
    (path / "untitled").mkdir()
    (path / "untitled" / "setproctitle.py").write_text("raise ImportError('hidden by the test')\n")
    return path


def start_options(kind, work, **environment):
    if "gevent" in kind.command and "ASAN_OPTIONS" in os.environ:
        # greenlet saves its stacks by memcpy, with the red zones in them.
        environment["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"] + ":replace_intrin=0"
    return {"environment": environment, "stop_signal": kind.stop_signal, "to_group": kind.abandons,
            "import_from": [] if kind.titles else [str(work / "untitled")]}


class Session:
    """One server's life: started, asked, left by clients, stopped at once."""

    def __init__(self, kind, work):
        self.kind = kind
        self.overlapping = [("GET", "/overlap/%s/%d" % (which, number))
                            for number in range(2) for which in ("alpha", "beta", "gamma", "delta")]
        self.pids = set()
        self.pid_requests = 0
        archive = str(work / "profiling")
        with Server(kind.command, work, **start_options(kind, work)) as server:
            self.one_by_one = [ask(server.port, *request) for request in ONE_BY_ONE]
            self.at_once = ask_all(server.port, AT_ONCE)
            self.overlap_answers = ask_all(server.port, self.overlapping)
            go_away(server.port, "/endless/left")
            self._meet_all_processes(server)
            notes = work / "notes"
            wait_until(lambda: "closed endless left\n" in notes.read_text(), "close() of the body")
            if kind.abandons:
                # A response's last byte is there before its thread is through.
                wait_until(lambda: only_run(archive).counts()[1] == self.nrequests(), "snapshots")
            self.exit_status = server.stop()
            self.log = server.log_text()
        self.notes = notes.read_text().splitlines()
        self.run = only_run(archive)

    def nrequests(self):
        return len(ONE_BY_ONE) + len(AT_ONCE) + len(self.overlapping) + 1 + self.pid_requests

    def _meet_all_processes(self, server):
        for round_number in range(15):
            requests = [("GET", "/pid/%d-%d" % (round_number, number)) for number in range(8)]
            self.pid_requests += len(requests)
            answers = ask_all(server.port, requests)
            assert all(answer.status == 200 for answer in answers), server.log_text()[-3000:]
            self.pids.update(int(answer.body) for answer in answers)
            if len(self.pids) == self.kind.nprocesses:
                return
