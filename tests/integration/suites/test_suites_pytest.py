"""pytest --cprof."""

import re

import pytest
from suites_project import Project

FLASK_TESTS = '''
import pytest
from flask_app import app, wrapped

@pytest.fixture(scope="module")
def client():
    client = app.test_client()
    client.get("/user/0")
    return client

@pytest.mark.parametrize("id", [7, 8])
def test_show(client, id):
    assert client.get("/user/%d" % id).text == "user %d" % id
    assert client.get("/nowhere").status_code == 404

def test_redirect(client):
    assert client.get("/old/3", follow_redirects=True).text == "user 3"

held = []

def test_held(client):
    """The body is neither read nor closed as long as the process lives."""
    held.append(client.get("/stream"))

def test_exception():
    app.testing = True
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/boom")

def test_wrapped():
    client = wrapped.test_client()
    assert client.get("/user/1").text == "user 1"
    assert client.get("/user/2").text == "user 2"

def test_none():
    pass

@pytest.fixture
def log_out(client):
    yield
    client.get("/user/9")

def test_phases(client, log_out):
    pass
'''

DJANGO_TESTS = '''
import unittest
import django_app
import pytest
from django.test import Client, SimpleTestCase

def test_hello():
    client = Client()
    assert client.get("/hello/you").content == b"hello you"
    assert client.get("/nowhere").status_code == 404
    with pytest.raises(ZeroDivisionError):
        client.get("/boom")
    client = Client(raise_request_exception=False)
    assert client.get("/boom").status_code == 500
    assert client.get("/later").content == b"hello later"

def test_stream():
    assert Client().get("/stream").getvalue() == b"hello ahello b"
    closed = Client().get("/stream")
    assert next(iter(closed.streaming_content)) == b"hello a"
    closed.close()
    Client().get("/stream")

class Case(SimpleTestCase):
    def test_post(self):
        self.assertEqual(self.client.post("/hello/you", {"a": "b"}).status_code, 200)
'''

WSGI_TESTS = '''
import os, threading
from unittest import mock
import cprof
from werkzeug.test import Client, run_wsgi_app

def app(environ, start_response):
    start_response("200 OK", [])
    return [b"".join(work() for _ in range(2))]

def work():
    return b"x"

def test_own_label():
    with cprof.label("mine"):
        assert Client(app).get("/a").data == b"xx"

def test_thread_and_empty_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with mock.patch.dict(os.environ, clear=True):
        thread = threading.Thread(target=Client(app).get, args=("/b",))
        thread.start()
        thread.join()

def test_no_application():
    try:
        Client(7).get("/")
    except TypeError as exc:
        assert "'int' object is not callable" in str(exc)
'''


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """The project after a session, and what that said."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.write("tests/test_flask.py", FLASK_TESTS)
    project.write("tests/test_django.py", DJANGO_TESTS)
    project.write("tests/test_wsgi.py", WSGI_TESTS)
    return project, project.pytest("--cprof", "tests")


def test_flask(suite):
    found = {label: requests for label, requests in suite[0].requests().items()
             if "test_flask" in label}
    show = "GET /user/{id}"
    assert found == {
        "tests/test_flask.py::test_show[7] (setup)": [(1, show, 200)],
        "tests/test_flask.py::test_show[7]": [(1, show, 200), (2, "GET {unmatched}", 404)],
        "tests/test_flask.py::test_show[8]": [(1, show, 200), (2, "GET {unmatched}", 404)],
        "tests/test_flask.py::test_redirect": [(1, "GET /old/{id}", 302), (2, show, 200)],
        "tests/test_flask.py::test_held": [(1, "GET /stream", 200)],
        "tests/test_flask.py::test_exception": [(1, "GET /boom", None)],
        "tests/test_flask.py::test_wrapped": [(1, show, 200), (2, show, 200)],
        "tests/test_flask.py::test_phases (teardown)": [(1, show, 200)],
    }


def test_django(suite):
    found = {label: requests for label, requests in suite[0].requests().items()
             if "test_django" in label}
    assert found == {
        "tests/test_django.py::test_hello": [
            (1, "GET /hello/{name}", 200), (2, "GET {unmatched}", 404), (3, "GET /boom", 500),
            (4, "GET /boom", 500), (5, "GET /later", 200)],
        "tests/test_django.py::test_stream": [
            (1, "GET /stream", 200), (2, "GET /stream", 200), (3, "GET /stream", 200)],
        "tests/test_django.py::Case::test_post": [(1, "POST /hello/{name}", 200)],
    }


def test_any_wsgi_application(suite):
    found = {label: requests for label, requests in suite[0].requests().items()
             if "test_wsgi" in label or "/" not in label}
    assert found == {
        "mine": [(1, "GET /a", 200)],
        "tests/test_wsgi.py::test_thread_and_empty_environment": [(1, "GET /b", 200)],
    }


def test_what_was_profiled(suite):
    """The application and its body, each once, whoever wrapped it."""
    for snapshot in suite[0].snapshots():
        label, request = snapshot.json["label"], snapshot.request
        expected = {"GET /user/{id}": 1, "POST /hello/{name}": 1, "GET /hello/{name}": 1,
                    "GET /later": 1}.get(request[1], 0)
        # Of a stream that nobody reads, the first block: the client asks for it; of
        # Django's, what the test took.
        if request[1] == "GET /stream":
            expected = {("test_held", 1): 1, ("test_stream", 1): 2,
                        ("test_stream", 2): 1}.get((label.split("::")[1], request[0]), 0)
        assert snapshot.calls("look_up") == expected, (label, request)
        assert snapshot.calls("work") == (2 if "test_wsgi" in label or label == "mine" else 0)
        assert snapshot.json["lost"] == 0


def test_one_run_and_what_is_said(suite):
    project, said = suite
    run = project.only_run()
    assert said.splitlines()[-2] == "cprof: 23 requests of 12 tests in profiling/" + run.name
    assert project.run_json()["outcome"] == "passed"
    assert sum(row["kept"] for row in project.run_json()["processes"]) == 23
    # Where the application's own middleware would have put them.
    assert not (project.path / "elsewhere").exists()


def test_workers_of_xdist(suite, project):
    for path in (suite[0].path / "tests").glob("test_*.py"):
        project.write("tests/" + path.name, path.read_text())
    said = project.pytest("--cprof", "-n", "2", "tests")
    count = re.search("^cprof: (2[345]) requests of 12 tests in (.*)$", said, re.M)
    assert count.group(2) == "profiling/" + project.only_run().name
    assert len(project.run_json()["processes"]) == 2
    assert project.run_json()["outcome"] == "passed"
    # Each worker has the module's fixture for itself.
    expected, found = suite[0].requests(), project.requests()
    setups = [label for label in found if label.endswith("(setup)")]
    assert 1 <= len(setups) <= 2 and len(project.snapshots()) == int(count.group(1))
    for requests in expected, found:
        for label in list(requests):
            if label.endswith("(setup)"):
                del requests[label]
    assert found == expected


def test_options_and_a_suite_that_fails(project):
    project.write("test_it.py", '''
import os
from flask_app import app
def test_it():
    assert app.test_client().get("/user/1").status_code == 404
''')
    said = project.pytest("--cprof", "--cprof-dir", "archive", "--cprof-mode", "app",
                          "--cprof-package", "flask_app", "--cprof-metrics", "cpu,allocs", status=1,
                          CPROF_RUN="chosen", CPROF_MODE="fast", CPROF_DIR="ignored")
    assert "cprof: 1 request of 1 test in archive/chosen" in said.splitlines()
    assert project.only_run("archive").name == "chosen"
    assert project.run_json("archive")["outcome"] == "failed"
    snapshot, = project.snapshots("archive")
    assert snapshot.json["mode"] == "app"
    assert snapshot.measures("cpu") and snapshot.measures("allocs")
    assert snapshot.calls("look_up") == 1 and snapshot.calls("full_dispatch_request") == 0
    assert not (project.path / "ignored").exists()
    # One part of the run failed; what passes later does not make it good.
    project.write("test_it.py", "def test_it(): pass")
    said = project.pytest("--cprof", "--cprof-dir", "archive", CPROF_RUN="chosen")
    assert "cprof: 0 requests in archive/chosen" in said.splitlines()
    assert project.run_json("archive")["outcome"] == "failed"


def test_a_suite_that_is_killed(project):
    project.write("test_it.py", '''
import os, signal
import cprof
from flask_app import app
def test_it():
    assert app.test_client().get("/user/1").status_code == 200
    cprof.flush()
    os.kill(os.getpid(), signal.SIGKILL)
''')
    project.pytest("--cprof", status=-9)
    assert project.run_json()["outcome"] == "unfinished" and len(project.snapshots()) == 1


def test_nothing_without_the_option(project):
    project.write("test_it.py", '''
import sys
def test_it():
    assert "pytest_cprof" in sys.modules and "cprof" not in sys.modules
''')
    assert "cprof" not in project.pytest()
    assert "cprof" not in project.pytest("--cprof", "--collect-only")
    assert project.runs() == []


def test_what_cannot_be(project):
    project.write("test_it.py", "def test_it(): pass")
    assert "--cprof: no metric is called 'zig'" in project.pytest(
        "--cprof", "--cprof-metrics", "zig", status=4)
    assert "--cprof: cannot name a run" in project.pytest("--cprof", status=4, CPROF_RUN="../up")
    assert project.runs() == []


def test_disabled(project):
    project.write("test_it.py", '''
from flask_app import app
def test_it():
    assert app.test_client().get("/user/1").status_code == 200
''')
    said = project.pytest("--cprof", CPROF_DISABLE="1").splitlines()
    assert "cprof: CPROF_DISABLE is set: nothing was profiled" in said
    assert project.snapshots() == []
