"""ci/profile-push for real: two commits of examples/flask_app in a scratch
repository, its test suite as the command."""
import os
import shutil
import subprocess
import sys
import tarfile
import time

import pytest

from serving import HERE
from snapshots import FILES, Run, run_paths

ROOT = os.path.abspath(os.path.join(HERE, *[os.pardir] * 3))
PUSH = os.path.join(ROOT, "ci", "profile-push")
SUITE = '''
import unittest
from app import app

class Requests(unittest.TestCase):
    def test_routes(self):
        client = app.test_client()
        for path in ["/user/1", "/user/2", "/user/3", "/fast", "/memory", "/stream", "/static/style.css"]:
            for _ in range(3):
                with client.get(path) as answer:
                    self.assertEqual(answer.status_code, 200)
                    answer.get_data()
'''
ROUTES = {"/user/{id}": 9, "/fast": 3, "/memory": 3, "/stream": 3, "/static/{filename}": 3}
COMMAND = [sys.executable, "-m", "unittest", "-q", "suite"]


class Project:
    def __init__(self, path):
        self.path = str(path)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("CPROF_", "GIT_"))}
        self.environment.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1",
                                PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0")
        for who in "AUTHOR", "COMMITTER":
            self.environment.update({"GIT_%s_NAME" % who: "a test",
                                     "GIT_%s_EMAIL" % who: "test@localhost"})
        self.archive = os.path.join(self.path, "profiling")

    def git(self, *arguments):
        return subprocess.run(["git", *arguments], cwd=self.path, env=self.environment, check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    def commit(self, subject):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)
        # The reflog has whole seconds: no request in this one.
        time.sleep(1.1 - time.time() % 1)
        return self.git("rev-parse", "HEAD")

    def push(self, *arguments, **environment):
        return subprocess.run([PUSH, *arguments], cwd=self.path, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=200,
                              env=dict(self.environment, **environment))

    def runs(self):
        """Oldest first."""
        return sorted((Run(path) for path in run_paths(self.archive)), key=lambda run: run.json["created"])


@pytest.fixture
def project(tmp_path):
    path = tmp_path / "project"
    shutil.copytree(os.path.join(ROOT, "examples", "flask_app"), path,
                    ignore=shutil.ignore_patterns("__pycache__", "profiling"))
    (path / "suite.py").write_text(SUITE)
    project = Project(path)
    project.git("init", "-q", ".")
    return project


def check_pushed(run, commit):
    routes = {}
    for snapshot in run.snapshots:
        route = snapshot.manifest["route"]
        routes[route] = routes.get(route, 0) + 1
        assert set(os.listdir(snapshot.path)) == FILES | {"dot.png"}
        assert snapshot.manifest["git"]["commit"] == commit
        assert snapshot.manifest["git"]["dirty"] is False
        with open(snapshot.file("dot.png"), "rb") as picture:
            assert picture.read(8) == b"\x89PNG\r\n\x1a\n"
    assert routes == ROUTES


def test_push__two_commits(project):
    first = project.commit("Serve users from the shop")
    done = project.push(*COMMAND)
    assert done.returncode == 0, done.stderr
    assert "nothing to compare yet" in done.stdout
    (run,) = project.runs()
    check_pushed(run, first)

    project.git("apply", os.path.join(ROOT, "examples", "n_plus_one.patch"))
    with open(os.path.join(project.path, "cprof.toml"), "w") as file:
        file.write('[[rule]]\nroute = "GET /user/{id}"\ntotal_calls = "+0"\n')
    second = project.commit("Look purchases up one by one")
    # What a developer has in the shell must not turn it off.
    done = project.push("--tar", "run.tar", "--", *COMMAND, CPROF_DISABLE="1")
    assert done.returncode == 1, done.stderr
    before, run = project.runs()
    check_pushed(run, second)
    # The comparison names the request that calls more, and no other.
    rows = [line.split("  ")[0] + line.split("GET ")[1].split()[0] for line in done.stdout.splitlines()
            if line.startswith(("more calls  ", "same  "))]
    assert set(rows) == {("more calls" if route == "/user/{id}" else "same") + route for route in ROUTES}
    assert "1 request makes more calls: GET /user/{id} (+60 calls, " in done.stdout
    assert "3 functions changed in calls, 0 new, 0 gone." in done.stdout
    with tarfile.open(os.path.join(project.path, "run.tar")) as tar:
        names = tar.getnames()
    assert sum(name.endswith("/snapshot.json") for name in names) == sum(ROUTES.values())
    assert all(name.startswith("./" + run.name) for name in names)

    # The same commit again is compared with the other one, not with itself.
    done = project.push(*COMMAND)
    assert done.returncode == 1, done.stderr
    assert first[:7] in done.stdout and "GET /user/{id} (+60 calls, " in done.stdout


def test_push__no_snapshot_is_2(project):
    project.commit("Serve users from the shop")
    done = project.push("true")
    assert done.returncode == 2
    assert done.stderr.startswith("profile-push: no snapshot was made in ")
    assert done.stderr.count("\n") == 1


def test_push__the_command_fails(project):
    """Its status is the push's, and what it left is tagged all the same."""
    commit = project.commit("Serve users from the shop")
    script = SUITE + "                    assert path != '/static/style.css'\n"
    with open(os.path.join(project.path, "suite.py"), "w") as file:
        file.write(script)
    done = project.push("sh", "-c", '"$@" || exit 7', "sh", *COMMAND)
    assert done.returncode == 7
    (run,) = project.runs()
    assert {s.manifest["git"]["commit"] for s in run.snapshots} == {commit}
    assert {s.manifest["git"]["dirty"] for s in run.snapshots} == {True}


@pytest.mark.parametrize("arguments", [[], ["--no-such-option", "true"], ["--repo", "/", "true"]],
                         ids=["no-command", "bad-option", "no-repository"])
def test_push__bad_usage_is_2(project, arguments):
    done = project.push(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("profile-push: ") and done.stderr.count("\n") == 1
    assert not os.path.exists(project.archive)
