"""ci/profile-push as a project's CI calls it, commit by commit, over ten of a Flask shop;
`make trials` does it twenty times over, five runs a side each."""
import json
import os
import shlex
import subprocess
import sys
import xml.etree.ElementTree

import pytest

import ten_commits

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
SUITE = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_cprof", "--cprof", "tests"]


class Shop:
    """Each commit is pushed once, in the order they were made; what each push said."""

    def __init__(self, path):
        self.repository = ten_commits.make(str(path / "shop"))
        self.archive = str(path / "profiling")
        self.pushed = {}
        for name in ten_commits.ORDER:
            self.checkout(name)
            self.pushed[name] = self.push()
        for name in ten_commits.WORSE:
            self.repository.git("checkout", "-q", name)
            self.pushed[name] = self.push("--report", self.report(name))

    def checkout(self, name):
        """main is at this commit, as it was then."""
        self.repository.git("checkout", "-q", "-B", "main", self.repository.commits[name])

    def report(self, name):
        return os.path.join(self.repository.path, os.pardir, "report-" + name)

    def push(self, *options):
        return subprocess.run([os.path.join(TOP, "ci", "profile-push"), *options, "--", *SUITE],
                              cwd=self.repository.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(self.repository.environment, CPROF_DIR=self.archive), text=True,
                              timeout=250)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("ten"))


def test_the_first_has_nothing_to_be_compared_with(shop):
    done = shop.pushed["base"]
    assert done.returncode == 0, done.stderr
    assert "nothing to compare yet" in done.stdout


@pytest.mark.parametrize("name", ten_commits.FINE)
def test_what_is_fine_passes(shop, name):
    done = shop.pushed[name]
    assert done.returncode == 0, done.stdout + done.stderr
    # It was compared with the commit before.
    before = ten_commits.ORDER[ten_commits.ORDER.index(name) - 1]
    assert shop.repository.commits[before][:7] in done.stdout


@pytest.mark.parametrize("name, says", [
    ("n-plus-one", "sqlite3.Connection.execute: 1 → 41 (+40)"),
    ("call-per-item", "json:dumps: 1 → 161 (+160)"),
])
def test_what_counts_show_fails_and_is_named(shop, name, says):
    done = shop.pushed[name]
    assert done.returncode == 1, done.stdout + done.stderr
    assert ten_commits.CULPRIT[name] in done.stdout
    assert says in done.stdout
    assert shop.repository.commits["docs"][:7] in done.stdout


def test_reports(shop):
    report = shop.report("n-plus-one")
    assert sorted(os.listdir(report)) == ["diff.json", "diff.png", "junit.xml", "report.md"]
    with open(os.path.join(report, "report.md")) as file:
        assert "sqlite3.Connection.execute" in file.read()
    cases = xml.etree.ElementTree.parse(os.path.join(report, "junit.xml")).getroot().iter("testcase")
    assert any(case.find("failure") is not None for case in cases)
    with open(os.path.join(report, "diff.json")) as file:
        assert json.load(file)["schema"]


def test_what_only_time_shows(shop):
    """Once it passes; in turn with its base, five times, it does not: ten or fifteen times
    on a machine so busy that five prove nothing."""
    assert shop.pushed["dearer-call"].returncode == 0
    shop.repository.git("checkout", "-q", "dearer-call")
    for _ in range(3):
        done = shop.push("--runs", "5")
        if done.returncode != 0:
            break
    assert done.returncode == 1, done.stdout + done.stderr
    assert ten_commits.CULPRIT["dearer-call"] in done.stdout
    assert shop.repository.git("worktree", "list").count("\n") == 0


def test_a_failed_commit_is_no_baseline(shop):
    """What comes after a bad commit is compared with the last good one."""
    shop.repository.git("checkout", "-q", "-B", "main", "n-plus-one")
    shop.repository.write({"README": "A shop, again.\n"})
    shop.repository.commit("after", "Say it again")
    done = shop.push()
    assert done.returncode == 1, done.stdout + done.stderr
    assert shop.repository.commits["docs"][:7] in done.stdout


def test_stored_runs_serve_a_fresh_clone(shop, tmp_path):
    """As a CI machine has it: a clone, `cprof fetch`, no archive."""
    origin, first, second = (str(tmp_path / name) for name in ("origin.git", "first", "second"))
    shop.checkout("docs")
    shop.repository.git("clone", "-q", "--bare", shop.repository.path, origin)
    environment = dict(shop.repository.environment)

    def clone(path, branch, *options):
        shop.repository.git("clone", "-q", "-b", branch, origin, path)
        subprocess.run(["cprof", "fetch"], cwd=path, env=environment, check=True, stdout=subprocess.PIPE)
        return subprocess.run([os.path.join(TOP, "ci", "profile-push"), *options, "--", *SUITE], cwd=path,
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    done = clone(first, "main", "--store=origin")
    assert done.returncode == 0, done.stdout + done.stderr
    done = clone(second, "n-plus-one")
    assert done.returncode == 1, done.stdout + done.stderr
    assert ten_commits.CULPRIT["n-plus-one"] in done.stdout


def test_the_hook_of_a_bare_repository(shop, tmp_path):
    bare, work = str(tmp_path / "bare.git"), str(tmp_path / "work")
    git = shop.repository.git
    git("init", "-q", "--bare", "-b", "main", bare)
    for script in "post-receive", "profile-push":
        os.symlink(os.path.join(TOP, "ci", script), os.path.join(bare, "hooks", script))
    git("-C", bare, "config", "cprof.command", shlex.join(SUITE))
    git("clone", "-q", shop.repository.path, work)

    def push(*refs):
        done = subprocess.run(["git", "-C", work, "push", bare, *refs], env=shop.repository.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr
        return done.stderr

    assert "nothing to compare yet" in push("%s:refs/heads/main" % shop.repository.commits["docs"])
    said = push("%s:refs/heads/topic" % shop.repository.commits["n-plus-one"])
    assert "remote: failed: " in said and ten_commits.CULPRIT["n-plus-one"] in said
    assert os.path.isdir(os.path.join(bare, "cprof")) and git("-C", bare, "for-each-ref", "refs/cprof")
    # Deleting a branch profiles nothing.
    assert "cprof" not in push(":refs/heads/topic")
