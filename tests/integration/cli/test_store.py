import json
import os
import subprocess

import pytest

from cli_work import Work, load, profile_of
from test_tag import at, git

NAME = "GET.user.{id}.000005ms"
RAW = "GET.user.7.000005ms"


def make_repository(work, profiles):
    """Two commits with a run each, tagged, and one run that is not."""
    git(work.path, "init", "-q", ".")
    git(work.path, "symbolic-ref", "HEAD", "refs/heads/main")
    git(work.path, "commit", "-q", "--allow-empty", "-m", "Begin")
    for hour, profile in (11, profiles[0]), (13, profiles[1]):
        for name, route in (NAME, "/user/{id}"), (RAW, "/user/7"):
            work.snapshot("run%02d" % hour, name, profile, route=route, start=at(hour),
                          host="secret.example.org")
        work.ok("tag", "--force", "run%02d" % hour)
        git(work.path, "commit", "-q", "--allow-empty", "-m", "Go on")
    work.ids = [git(work.path, "rev-parse", "HEAD~%d" % n) for n in (2, 1)]
    return work


@pytest.fixture
def repository(work, profiles):
    return make_repository(work, profiles)


def stored(folder):
    """{(commit, run): {path: content}} of what is under refs/cprof."""
    runs = {}
    for ref in git(folder, "for-each-ref", "--format=%(refname)", "refs/cprof").split():
        for path in git(folder, "ls-tree", "-r", "--name-only", ref).splitlines():
            commit, entry, inner = path.split("/", 2)
            content = subprocess.check_output(["git", "cat-file", "blob", ref + ":" + path],
                                              cwd=str(folder))
            runs.setdefault((commit, entry.split(".", 2)[2]), {})[inner] = content
    return runs


def test_summaries_alone_and_nothing_that_names_a_user(repository):
    work = repository
    work.snapshot("untagged", NAME, profile_of(load, 3), route="/user/{id}", start=at(14))
    result = work.ok("store")
    assert result.out == ("run11 → %s\nrun13 → %s\n2 runs stored, 1 not tagged\n"
                          % tuple(commit[:10] for commit in work.ids))
    runs = stored(work.path)
    assert sorted(runs) == sorted(zip(work.ids, ("run11", "run13")))
    for files in runs.values():
        assert list(files) == ["summary.json"]
        text = files["summary.json"].decode()
        assert "/user/{id}" in text and "/user/7" not in text and "secret" not in text
        assert [group["route"] for group in json.loads(text)["groups"]] == ["/user/{id}"]
    # Nothing is checked out, and no branch has moved.
    assert git(work.path, "status", "--porcelain", "-uno") == ""
    assert git(work.path, "rev-parse", "HEAD~1") == work.ids[1]
    # Again: nothing to do, unless a run is named.
    assert work.ok("store").out == "0 runs stored, 2 were already, 1 not tagged\n"
    assert work.ok("store", "--raw-paths", "run11").out.startswith("run11 → ")
    assert "/user/7" in stored(work.path)[work.ids[0], "run11"]["summary.json"].decode()


def test_whole_snapshots(repository):
    work = repository
    work.ok("store", "--snapshots", "run11")
    files = stored(work.path)[work.ids[0], "run11"]
    folder = work.archive / "run11" / NAME
    for name in "profile.prof", "snapshot.json":
        assert files["snapshots/%s/%s" % (NAME, name)] == (folder / name).read_bytes()


def test_what_is_refused(work, profiles, tmp_path_factory):
    git(work.path, "init", "-q", ".")
    assert "no archive is there" in work.refused("store")
    work.snapshot("run", NAME, profiles[0])
    assert "'cprof tag' first" in work.refused("store")
    result = work.cprof("store", "run")
    assert result.status == 2 and "its commit is not known: 'cprof tag' first" in result.err
    result = work.cprof("store", "run/" + NAME)
    assert result.status == 2 and "is a snapshot; what is stored are runs" in result.err
    git(work.path, "commit", "-q", "--allow-empty", "-m", "Begin")
    work.ok("tag", "--force")
    result = work.cprof("store", "--push")
    assert result.status == 2 and "no remote of that name" in result.err
    assert "no remote of that name" in work.refused("fetch", "nowhere")
    lone = Work(tmp_path_factory.mktemp("lone"))
    lone.snapshot("run", NAME, profiles[0])
    environment = {"GIT_CEILING_DIRECTORIES": str(lone.path.parent)}
    for command in ("store",), ("fetch",):
        assert "not in a git repository" in lone.refused(*command, env=environment)


def test_retention(repository):
    work = repository
    work.ok("store")
    assert work.ok("store", "run13", "--keep", "1").out.endswith("1 run stored, 1 dropped\n")
    assert [run for commit, run in stored(work.path)] == ["run13"]
    # Both runs are of 2026-11-21: by age nothing goes yet, and then all of it.
    work.ok("store")
    assert "dropped" not in work.ok("store", "--keep-days", "100000").out


def test_push_and_fetch(repository, tmp_path):
    work = repository
    git(work.path, "clone", "-q", "--bare", ".", str(tmp_path / "server.git"))
    git(work.path, "remote", "add", "origin", str(tmp_path / "server.git"))
    assert work.ok("store", "--push").out.endswith("2 runs stored; pushed to origin\n")
    git(tmp_path, "clone", "-q", "--depth", "1", "file://%s/server.git" % tmp_path, "fresh")
    fresh = Work(tmp_path / "fresh")
    assert fresh.ok("fetch").out == "2 runs stored here now\n"
    assert stored(fresh.path) == stored(work.path)
    # A server that refuses says why.
    hook = tmp_path / "server.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no entry for you; exit 1\n")
    hook.chmod(0o755)
    result = work.cprof("store", "--push", "--raw-paths", "run11")
    assert result.status == 2 and "no entry for you" in result.err


def test_a_fork_stores_nothing(repository, tmp_path):
    work = repository
    event = tmp_path / "event.json"
    github = {"GITHUB_REPOSITORY": "shop/shop", "GITHUB_EVENT_PATH": str(event)}
    gitlab = {"CI_MERGE_REQUEST_PROJECT_ID": "1", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"}
    said = "a pull request from a fork: nothing is stored\n"
    for head in {"full_name": "ann/shop"}, None:
        event.write_text(json.dumps({"pull_request": {"head": {"repo": head}}}))
        assert work.ok("store", "--push", env=github).out == said
    assert work.ok("store", env=gitlab).out == said
    assert stored(work.path) == {}
    event.write_text(json.dumps({"pull_request": {"head": {"repo": {"full_name": "shop/shop"}}}}))
    assert work.ok("store", "run11", env=github).out.endswith("1 run stored\n")
    event.write_text(json.dumps({"after": "0" * 40}))
    gitlab["CI_MERGE_REQUEST_SOURCE_PROJECT_ID"] = "1"
    assert work.ok("store", "run13", env=dict(github, **gitlab)).out.endswith("1 run stored\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder another user's")
def test_another_users_repository(repository, tmp_path):
    for folder in repository.path, repository.path / ".git":
        os.chown(str(folder), 12345, 12345)
    line = repository.refused("store", env={"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})
    assert "safe.directory" in line
