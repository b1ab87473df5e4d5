"""The middleware behind each real server: what clients get, and what is on the
disk after the server was stopped right behind the last response."""
import os
import urllib.parse
from collections import Counter

import pytest

from sessions import AT_ONCE, ONE_BY_ONE

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
ROUTES = {
    "/": "root", "/user/": "user.{id}", "/stream/": "stream.{name}", "/file": "file",
    "/big/": "big.{blocks}", "/echo": "echo", "/empty": "empty", "/error": "error",
    "/broken-stream": "broken-stream", "/endless/": "endless.{name}", "/pid/": "pid.{name}",
    "/overlap/": "overlap.{which}.{number}", "/nowhere": "{unmatched}", "/caf": "{unmatched}",
}


def request_of(method, path):
    """As the snapshot's name is to say it."""
    if method == "DELETE":
        return method, "{unmatched}"  # as a 404: no rule takes it
    if path.startswith("/raw/"):
        # Not Flask's: the path stands for the route.
        return method, path[1:].replace("/", ".")
    return method, next(ROUTES[start] for start in sorted(ROUTES, reverse=True)
                        if path.startswith(start))


def all_requests(session):
    requests = ONE_BY_ONE + AT_ONCE + session.overlapping + [("GET", "/endless/left")]
    return [request[:2] for request in requests]


def test_server__answers_as_without_the_middleware(session, bare_answers):
    bare_one_by_one, bare_at_once = bare_answers(session.kind)
    for request, answer, bare in zip(ONE_BY_ONE, session.one_by_one, bare_one_by_one):
        assert answer == bare, request
    for request, answer, bare in zip(AT_ONCE, session.at_once, bare_at_once):
        assert answer == bare, request
    assert session.one_by_one[0].status == 200


def test_server__one_snapshot_per_request(session):
    expected = Counter(request_of(*request) for request in all_requests(session))
    expected["GET", "pid.{name}"] = session.pid_requests
    assert Counter(snapshot.request for snapshot in session.run.snapshots) == expected
    assert session.run.counts() == (sum(expected.values()), sum(expected.values()), 0)
    assert not session.run.hidden()


def test_server__snapshots_are_whole(session):
    session.run.check()


def test_server__manifests_are_true(session):
    """Status, path and size of every response the clients got."""
    def of_client(request, answer):
        method, path = request[:2]
        size = len(answer.body)
        if path.startswith("/file") and session.kind.file_ends == "file":
            size = None  # the server's own doing
        # Decoded, as WSGI hands it on, and without the query string.
        path = urllib.parse.unquote(path.split("?")[0])
        return method, path, "%s %s" % (answer.status, answer.reason), size

    def of_manifest(manifest):
        return tuple(manifest[key] for key in ("method", "path", "status", "bytes_sent"))

    answers = [*zip(ONE_BY_ONE, session.one_by_one), *zip(AT_ONCE, session.at_once),
               *zip(session.overlapping, session.overlap_answers)]
    # The size of these is not what one client got.
    others = {"/broken-stream", "/endless/left"}
    if session.kind.family == "uwsgi":
        # It takes the second status and fails then, with and without the middleware.
        others.add("/raw/exc-info")
    found = Counter(of_manifest(snapshot.manifest) for snapshot in session.run.snapshots
                    if snapshot.manifest["path"] not in others)
    for request, answer in answers:
        if request[1] not in others:
            assert found[of_client(request, answer)] > 0, request
            found[of_client(request, answer)] -= 1
    assert Counter(path.split("/")[1] for _, path, _, _ in found.elements()) == {
        "pid": session.pid_requests}


def test_server__how_each_request_ended(session):
    ends = {}
    for snapshot in session.run.snapshots:
        ends.setdefault(snapshot.manifest["path"], set()).add(
            (snapshot.manifest["ended"], snapshot.manifest["exception"]))
    assert ends["/file"] == {(session.kind.file_ends, None)}
    assert ends["/stream/once"] == {("closed", None)}
    assert ends["/broken-stream"] == {("closed", "builtins.RuntimeError")}
    # The client was gone, and not all had been sent.
    (left,) = [s for s in session.run.snapshots if s.manifest["path"] == "/endless/left"]
    assert left.manifest["ended"] == "closed"
    assert 10000 <= left.manifest["bytes_sent"] < 4000 * 65536
    assert session.notes.count("closed endless left") == 1
    assert "finished endless left" not in session.notes
    # Every other body was closed too, once.
    assert session.notes.count("closed stream once") == 1
    assert session.notes.count("closed sized") == 1


def test_server__files_go_by_sendfile(session):
    """Where the server can: the body reached it as what its file_wrapper made."""
    nfiles = sum(path.startswith("/file") for _, path in all_requests(session))
    if session.kind.family == "uwsgi":
        assert session.log.count("via sendfile()") == nfiles
    elif session.kind.name.startswith("gunicorn"):
        assert session.notes.count("sendfile True") == nfiles
    else:
        assert session.kind.family in ("waitress", "wsgiref", "flask", "cheroot")


def test_server__overlapping_requests_do_not_mix(session):
    """Of eight requests in four functions each sees its own, and all of its calls."""
    names = ("alpha", "beta", "gamma", "delta")
    seen = Counter()
    for snapshot in session.run.snapshots:
        parts = snapshot.manifest["path"].split("/")
        if parts[1] != "overlap":
            continue
        calls = snapshot.calls()
        for name in names:
            expected = (1, 10) if name == parts[2] else (None, None)
            assert (calls.get("repeat_" + name), calls.get("wait_" + name)) == expected, snapshot.name
        seen[parts[2]] += 1
    assert seen == dict.fromkeys(names, 2)
    if session.kind.family not in ("sync", "wsgiref") and session.kind.name not in ("uwsgi", "uwsgi-2-processes"):
        # Else this would have tested nothing: some were in there together.
        assert any(len(answer.body.split()) > 1 for answer in session.overlap_answers)


def test_server__workers_share_one_run(session):
    """Without being told; only_run() has seen that there is one folder."""
    served = {row["pid"] for row in session.run.json["processes"]}
    assert {snapshot.manifest["pid"] for snapshot in session.run.snapshots} == served
    assert session.pids <= served
    assert len(served) <= session.kind.nprocesses
    if session.kind.family in ("sync", "uwsgi"):
        # These take one request at a time each, so all were needed.
        assert len(served) == session.kind.nprocesses
    elif session.kind.nprocesses > 1:
        assert len(served) >= 2


def test_server__stops_without_trouble(session):
    assert session.exit_status in (0, -session.kind.stop_signal, 128 + session.kind.stop_signal)
    # The profiler had nothing to say, and nothing of it failed. Tracebacks of the
    # application's name files of a checkout that may itself be called so.
    assert "cprof" not in session.log.replace(TOP, "")
    assert "Fatal" not in session.log and "Segmentation" not in session.log
