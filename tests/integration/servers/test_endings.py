"""Servers and workers that end in every way there is: what is on the disk then,
and that nothing hangs."""
import http.client
import os
import signal
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from kinds import KINDS, gunicorn, uwsgi
from serving import ask, ask_all, wait_until
from sessions import ONE_BY_ONE
from snapshots import Run, count_snapshots, only_run, run_paths

USERS = [("GET", "/user/%d" % number) for number in range(40)]


@pytest.fixture
def archive(work):
    return str(work / "profiling")


def kind_of(name):
    return next(kind for kind in KINDS if kind.name == name)


def paths(run):
    return Counter(snapshot.manifest["path"] for snapshot in run.snapshots)


@pytest.mark.parametrize("command", [gunicorn("sync", nworkers=1),
                                     gunicorn("gthread", "--threads", "2", nworkers=1),
                                     gunicorn("gevent", nworkers=1)],
                         ids=["sync", "gthread", "gevent"])
def test_ending__sigterm_in_mid_response(serve, archive, work, command):
    """A worker that finishes its response on SIGTERM keeps its snapshot too."""
    server = serve(command)
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(ask, server.port, "GET", "/slow-stream/last")
        wait_until(lambda: (work / "notes").exists(), "the stream's beginning")
        assert server.stop() == 0
    assert answer.result().body == b"".join(b"line %d\n" % number for number in range(5))
    run = only_run(archive)
    run.check()
    assert paths(run) == {"/slow-stream/last": 1}
    assert run.counts() == (1, 1, 0)


@pytest.mark.parametrize("command", [gunicorn("gthread", "--threads", "2", nworkers=2),
                                     uwsgi("--processes", "2")], ids=["gunicorn", "uwsgi"])
def test_ending__sigkill_of_the_server(serve, archive, command):
    """What was on the disk stays; what was not is nowhere to be seen."""
    server = serve(command)
    ask_all(server.port, USERS)
    wait_until(lambda: count_snapshots(archive) == len(USERS), "snapshots")
    stop = threading.Event()

    def load():
        while not stop.is_set():
            ask(server.port, "GET", "/stream/load")

    with ThreadPoolExecutor(4) as clients:
        asking = [clients.submit(load) for _ in range(4)]
        try:
            wait_until(lambda: count_snapshots(archive) > len(USERS) + 20, "snapshots under load")
        finally:
            server.kill()
            stop.set()
    # The clients heard it break off, which ask() returns, or nobody there, which it raises.
    assert all(type(future.exception()) in (type(None), ConnectionRefusedError) for future in asking)
    run = only_run(archive)
    for snapshot in run.snapshots:
        snapshot.check()
    assert len(run.snapshots) > len(USERS) + 20
    assert all(paths(run)[path] == 1 for _, path in USERS)

    # The next server begins a run of its own and is not in the way of what is left.
    server = serve(command)
    assert ask(server.port, "GET", "/user/1").status == 200
    server.stop()
    first, second = sorted((Run(path) for path in run_paths(archive)), key=lambda r: -len(r.snapshots))
    assert first.name == run.name and len(first.snapshots) == len(run.snapshots)
    second.check()
    assert second.counts() == (1, 1, 0)


@pytest.mark.parametrize("command", [gunicorn("sync", nworkers=2),
                                     gunicorn("sync", "--preload", nworkers=2),
                                     uwsgi("--processes", "2")],
                         ids=["gunicorn", "gunicorn-preload", "uwsgi"])
def test_ending__a_killed_worker_is_replaced(serve, archive, command):
    """The new worker joins the run, and the dead one's row stays."""
    server = serve(command)
    victim = int(ask(server.port, "GET", "/pid/first").body)
    wait_until(lambda: only_run(archive).counts()[1] == 1 if run_paths(archive) else False, "run.json")
    os.kill(victim, signal.SIGKILL)

    def three_served():
        # A request that the dying worker had taken has no answer.
        answers = ask_all(server.port, [("GET", "/pid/again")] * 4, 4)
        pids.update(int(answer.body) for answer in answers if answer.status == 200)
        return len(pids) == 3

    pids = {victim}
    wait_until(three_served, "a new worker")
    server.stop()
    run = only_run(archive)
    run.check()
    assert {row["pid"] for row in run.json["processes"]} >= pids
    seen, kept, dropped = run.counts()
    assert seen >= kept == len(run.snapshots) and dropped == 0


@pytest.mark.parametrize("command", [gunicorn("sync", "--max-requests", "10", nworkers=2),
                                     gunicorn("gthread", "--threads", "2", "--max-requests", "10",
                                              "--preload", nworkers=2),
                                     uwsgi("--processes", "2", "--max-requests", "10",
                                           "--min-worker-lifetime", "1")],
                         ids=["gunicorn-sync", "gunicorn-gthread-preload", "uwsgi"])
def test_ending__workers_that_retire(serve, archive, command):
    """Each leaves after ten requests, by itself, with all of them written."""
    server = serve(command)
    answers = []
    # Until someone has retired; uWSGI looks once in a second.
    wait_until(lambda: answers.extend(ask_all(server.port, USERS, 4))
               or len({s.manifest["pid"] for s in only_run(archive).snapshots}) > 2, "retirement")
    server.stop()
    run = only_run(archive)
    run.check()
    assert all(answer.status == 200 for answer in answers)
    assert run.counts() == (len(answers), len(answers), 0)
    assert len(run.snapshots) == len(answers)


def test_ending__uwsgi_harakiri(serve, archive):
    """The worker dies in the middle of a request: that one is lost, nothing else."""
    server = serve(uwsgi("--processes", "2", "--harakiri", "2"))
    ask_all(server.port, USERS[:10])
    wait_until(lambda: count_snapshots(archive) == 10, "snapshots")
    assert ask(server.port, "GET", "/hang").status is None
    ask_all(server.port, USERS[10:])
    server.stop()
    assert "HARAKIRI" in server.log_text()
    run = only_run(archive)
    for snapshot in run.snapshots:
        snapshot.check()
    assert paths(run) == {path: 1 for _, path in USERS}


def test_ending__uwsgi_stops_a_busy_worker(serve, archive):
    """It then passes Python's atexit by; what waits for the disk is kept all the same."""
    server = serve(uwsgi("--threads", "2", graceful=False))
    with ThreadPoolExecutor(1) as client:
        hanging = client.submit(ask, server.port, "GET", "/hang")
        answers = [ask(server.port, "GET", "/wide/%d" % number) for number in range(10)]
        # By the one thread that is left: it is through with the others then.
        ask(server.port, "GET", "/user/1")
        server.stop()
    assert hanging.result().status is None
    assert {answer.body for answer in answers} == {b"12870"}
    run = only_run(archive)
    kept = paths(run)
    assert kept.pop("/user/1", 0) in (0, 1)
    assert kept == {"/wide/%d" % number: 1 for number in range(10)}
    for snapshot in run.snapshots:
        snapshot.check()
    # The hanging one reached the middleware and no further.
    seen, kept, dropped = run.counts()
    assert seen == 12 and kept == len(run.snapshots)


def test_ending__gunicorn_timeout(serve, archive):
    """gunicorn aborts a hanging worker, which leaves by SystemExit through the
    application: the snapshot says so."""
    server = serve(gunicorn("sync", "--timeout", "2", nworkers=1))
    assert ask(server.port, "GET", "/hang").status in (None, 500)
    assert ask(server.port, "GET", "/user/1").status == 200
    server.stop()
    run = only_run(archive)
    (hanging,) = [s for s in run.snapshots if s.manifest["path"] == "/hang"]
    hanging.check()
    assert hanging.manifest["exception"] == "builtins.SystemExit"
    assert hanging.request == ("GET", "hang")
    assert hanging.calls()["hang"] == 1
    assert run.counts() == (2, 2, 0)


def test_ending__gunicorn_reload(serve, archive):
    """SIGHUP: new workers, the same server, the same run."""
    server = serve(gunicorn("sync", nworkers=2))
    old = {int(answer.body) for answer in ask_all(server.port, [("GET", "/pid/old")] * 8)}
    os.kill(server.process.pid, signal.SIGHUP)
    new = set()

    def meet():
        new.update(int(answer.body) for answer in ask_all(server.port, [("GET", "/pid/new")] * 8)
                   if answer.status == 200)
        return len(new - old) == 2

    wait_until(meet, "new workers")
    server.stop()
    run = only_run(archive)
    run.check()
    assert {row["pid"] for row in run.json["processes"]} == old | new
    seen, kept, dropped = run.counts()
    assert kept == len(run.snapshots) and (seen, dropped) == (kept, 0)


def test_ending__flask_reloads_changed_code(serve, archive, work):
    """The reloader's next child belongs to the run as well."""
    (work / "reloaded.py").write_text("from served_app import app\n")
    command = [sys.executable, "-m", "flask", "--app", "reloaded", "run", "--port", "{port}", "--reload"]
    server = serve(command)
    old = int(ask(server.port, "GET", "/pid/old").body)
    wait_until(lambda: only_run(archive).counts()[1] == 1 if run_paths(archive) else False, "run.json")
    (work / "reloaded.py").write_text("from served_app import app  # changed\n")

    def reloaded():
        try:
            answer = ask(server.port, "GET", "/pid/new")
        except OSError:
            return None  # in between nobody listens
        return answer.status == 200 and int(answer.body) != old and int(answer.body)

    new = wait_until(reloaded, "the reloader")
    wait_until(lambda: any(s.manifest["pid"] == new for s in only_run(archive).snapshots), "snapshot")
    os.killpg(server.process.pid, signal.SIGINT)
    server.wait()
    run = only_run(archive)
    run.check()
    assert {s.manifest["pid"] for s in run.snapshots} == {old, new}


def test_server__disabled(serve, archive, work, bare_answers):
    """CPROF_DISABLE=1: nothing changes, nothing is made."""
    kind = kind_of("gunicorn-gthread")
    server = serve(kind, CPROF_DISABLE="1")
    assert [ask(server.port, *request) for request in ONE_BY_ONE] == bare_answers(kind)[0]
    server.stop()
    assert not os.path.exists(archive)


def test_server__named_run_elsewhere(serve, archive, work):
    """CPROF_DIR and CPROF_RUN, and a second server that joins by the name."""
    elsewhere = str(work / "kept" / "here")
    for number in range(2):
        server = serve(gunicorn("sync", nworkers=2), CPROF_DIR=elsewhere, CPROF_RUN="push-7")
        ask_all(server.port, USERS[:10])
        server.stop()
    assert not os.path.exists(archive)
    (path,) = run_paths(elsewhere)
    run = Run(path)
    assert run.name == "push-7"
    assert run.counts() == (20, 20, 0) and len(run.snapshots) == 20
    for snapshot in run.snapshots:
        snapshot.check()
    with open(os.path.join(elsewhere, ".gitignore")) as file:
        assert file.read() == "*\n"


def test_server__two_servers_on_one_archive(serve, archive):
    """Each has its own run, though both may have begun in the same second."""
    servers = [serve(gunicorn("sync", nworkers=2)) for _ in range(2)]
    with ThreadPoolExecutor(2) as clients:
        list(clients.map(lambda server: ask_all(server.port, USERS, 4), servers))
    for server in servers:
        server.stop()
    runs = [Run(path) for path in run_paths(archive)]
    assert len(runs) == 2
    for run in runs:
        run.check()
        assert run.counts() == (len(USERS), len(USERS), 0)
        assert paths(run) == {path: 1 for _, path in USERS}


@pytest.mark.parametrize("name", ["gunicorn-gthread", "waitress", "cheroot"])
def test_server__connections_that_stay_open(serve, archive, name):
    """Several requests on one connection: each body ends where it should."""
    server = serve(kind_of(name))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    bodies = []
    for path in ["/user/3", "/stream/kept", "/file", "/raw/list", "/raw/write", "/user/4"]:
        connection.request("GET", path)
        bodies.append(connection.getresponse().read())
    connection.close()
    server.stop()
    assert bodies[0] == b'{"square":9,"user":3}\n' and bodies[5] == b'{"square":16,"user":4}\n'
    assert len(bodies[2]) == 300_000 and bodies[3] == b"one two three"
    run = only_run(archive)
    run.check()
    assert run.counts() == (6, 6, 0)


def test_server__wsgiref_validate_on_both_sides(serve, archive):
    """Over real connections; what the judge dislikes is a 500."""
    server = serve([sys.executable, "-m", "serve_wsgiref", "{port}", "--validate"])
    expected = {"/error": 500, "/nowhere/at/all": 404, "/empty": 204, "/raw/late": 202,
                "/raw/exc-info": 503}
    # It wants write() for nothing but strings, takes no Content-Type with 204 ...
    requests = [r for r in ONE_BY_ONE if r[0] == "GET" and r[1] not in ("/broken-stream", "/empty")]
    for request in requests:
        answer = ask(server.port, *request)
        status = 404 if request[1].startswith("/caf") else expected.get(request[1], 200)
        assert answer.status == status, (request, answer, server.log_text())
    server.stop()
    assert "AssertionError" not in server.log_text()
    run = only_run(archive)
    run.check()
    assert len(run.snapshots) == len(requests)
