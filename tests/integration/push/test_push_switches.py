"""ci/profile-push around the smallest project; tests/integration/servers has it
around a whole Flask application."""
import json
import os
import subprocess
import sys

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PUSH = os.path.join(TOP, "ci", "profile-push")

APPLICATION = '''
from cprof import CProfMiddleware

def helper():
    return b"hello"

def view(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"".join(helper() for _ in range({calls}))]

application = CProfMiddleware(view)
'''
# A test suite, as far as profile-push can tell.
SUITE = '''
from application import application

for path in "/a", "/b":
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": ""}
    b"".join(application(environ, lambda status, headers, exc_info=None: None))
'''


class Project:
    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("CPROF_", "GIT_"))}
        self.environment.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
        for who in "AUTHOR", "COMMITTER":
            self.environment.update({"GIT_%s_NAME" % who: "a", "GIT_%s_EMAIL" % who: "a@b"})
        self.git("init", "-q")

    def git(self, *arguments):
        return subprocess.run(("git",) + arguments, cwd=str(self.path), env=self.environment,
                              check=True, stdout=subprocess.PIPE,
                              universal_newlines=True).stdout.strip()

    def commit(self, calls=1):
        (self.path / "application.py").write_text(APPLICATION.format(calls=calls))
        (self.path / "suite.py").write_text(SUITE)
        self.git("add", "application.py", "suite.py")
        self.git("commit", "-q", "--allow-empty", "-m", "calls %d" % calls)
        return self.git("rev-parse", "HEAD")

    def push(self, *options, **environment):
        return subprocess.run([PUSH, *options, sys.executable, "suite.py"], cwd=str(self.path),
                              env=dict(self.environment, **environment), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, universal_newlines=True)

    def runs(self):
        return sorted((self.path / "profiling").glob("*/run.json"),
                      key=lambda path: path.stat().st_mtime)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")


def manifests(run):
    return [json.loads(path.read_text()) for path in run.parent.glob("*/snapshot.json")]


def test_commits_without_a_second_between_them_are_told_apart(project):
    """The reflog cannot, but HEAD stayed where it was while the command ran."""
    project.commit(calls=2)
    commit = project.commit()
    done = project.push()
    assert done.returncode == 0, done.stderr
    assert "nothing to compare yet" in done.stdout
    run, = project.runs()
    assert [manifest["git"]["commit"] for manifest in manifests(run)] == [commit, commit]
    assert len(list(run.parent.glob("*/dot.png"))) == 2


def test_no_difference_is_exit_0(project):
    project.commit()
    assert project.push().returncode == 0
    project.commit()
    done = project.push()
    assert done.returncode == 0, done.stdout
    assert "passed: no request" in done.stdout


def test_what_is_worse_fails_but_for_no_gate(project):
    project.commit()
    assert project.push().returncode == 0
    project.commit(calls=9)
    assert project.push("--no-gate").returncode == 0
    done = project.push()
    assert done.returncode == 1
    assert "application:helper" in done.stdout


def test_archive_and_run_named_by_the_environment(project, tmp_path):
    project.commit()
    done = project.push(CPROF_DIR=str(tmp_path / "elsewhere"), CPROF_RUN="push-1")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "elsewhere" / "push-1").glob("GET.*/dot.png"))) == 2
    assert not (project.path / "profiling").exists()


def test_no_repository_is_exit_2_before_the_command_runs(project, tmp_path):
    project.commit()
    (tmp_path / "bare").mkdir()
    done = project.push("--repo", str(tmp_path / "bare"))
    assert done.returncode == 2
    assert "not a git repository" in done.stderr
    assert project.runs() == []


def test_help_is_for_reading():
    done = subprocess.run([PUSH, "--help"], stdout=subprocess.PIPE, universal_newlines=True)
    assert done.returncode == 0
    assert "usage: profile-push" in done.stdout and "examples:" in done.stdout
