import datetime
import json
import os
import subprocess

import pytest

from cli_work import obey_permissions

RUN = "GET.root.000005ms"


def git(folder, *args, **env):
    environment = dict(os.environ, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", **env)
    for who in "AUTHOR", "COMMITTER":
        environment["GIT_%s_NAME" % who] = "Ann"
        environment["GIT_%s_EMAIL" % who] = "ann@example.org"
    done = subprocess.run(["git"] + list(args), cwd=str(folder), env=environment, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout.decode().strip()


def at(hour):
    return "2026-11-21T%02d:00:00+00:00" % hour


@pytest.fixture
def repository(work, profiles):
    """Commits at 10 and 12 o'clock; snapshots of 9, 11 and 13 o'clock."""
    git(work.path, "init", "-q", ".")
    git(work.path, "symbolic-ref", "HEAD", "refs/heads/main")
    (work.path / ".gitignore").write_text("profiling\n")
    git(work.path, "add", ".gitignore")
    for hour, subject in (10, "Begin"), (12, "Go on"):
        git(work.path, "commit", "-q", "--allow-empty", "-m", subject,
            GIT_AUTHOR_DATE=at(hour), GIT_COMMITTER_DATE=at(hour))
    for hour in 9, 11, 13:
        work.snapshot("run%02d" % hour, RUN, profiles[0], start=at(hour), note="of a later version")
    work.ids = [git(work.path, "rev-parse", "HEAD~1"), git(work.path, "rev-parse", "HEAD")]
    return work


def manifest(work, hour):
    return json.loads((work.archive / ("run%02d" % hour) / RUN / "snapshot.json").read_text())


def test_the_commit_of_that_time(repository):
    result = repository.cprof("tag")
    assert result.status == 2
    assert result.out == ("run11  1 snapshot → %s main  Begin\nrun13  1 snapshot → %s main  Go on\n"
                          % (repository.ids[0][:7], repository.ids[1][:7]))
    line, = result.err.splitlines()
    assert line.startswith("cprof: profiling/run09/%s: " % RUN) and "--force" in line
    tag = manifest(repository, 13)["git"]
    assert (tag["commit"], tag["branch"], tag["subject"]) == (repository.ids[1], "main", "Go on")
    assert tag["dirty"] is False
    assert datetime.datetime.fromisoformat(tag["author_date"]) == \
        datetime.datetime.fromisoformat(at(12))
    assert manifest(repository, 11)["git"]["commit"] == repository.ids[0]
    assert not manifest(repository, 9).get("git")
    # What this version does not know survives.
    assert manifest(repository, 13)["note"] == "of a later version"
    assert manifest(repository, 13)["route"] == "/"


def test_again(repository):
    repository.cprof("tag")
    before = manifest(repository, 11)
    result = repository.cprof("tag")
    assert result.status == 2 # the one that cannot be known is still there
    assert result.out == "run11  1 snapshot already stamped\nrun13  1 snapshot already stamped\n"
    assert manifest(repository, 11) == before


def test_force(repository):
    result = repository.ok("tag", "--force")
    assert "run09  1 snapshot → %s main  Go on" % repository.ids[1][:7] in result.out
    assert manifest(repository, 9)["git"]["commit"] == repository.ids[1]
    # Force fills gaps; what is known it leaves alone.
    assert manifest(repository, 11)["git"]["commit"] == repository.ids[0]


def test_one_run_one_snapshot(repository):
    repository.ok("tag", "run11")
    repository.ok("tag", "run13/" + RUN)
    assert not manifest(repository, 9).get("git")
    assert manifest(repository, 11)["git"] and manifest(repository, 13)["git"]


def test_dirty(repository):
    (repository.path / "new.py").write_text("")
    git(repository.path, "add", "new.py")
    assert " main, dirty  Go on" in repository.ok("tag", "run13").out
    assert manifest(repository, 13)["git"]["dirty"] is True


def test_repo_option_and_discovery(repository, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    repository.archive.rename(elsewhere / "archive")
    # The folder's repository is none, the current folder's is one.
    repository.ok("tag", elsewhere / "archive" / "run13")
    assert repository.cprof("tag", "--dir", elsewhere / "archive", "--repo", elsewhere).err == \
        "cprof: %s: not in a git repository; name one with --repo\n" % elsewhere
    repository.path, home = elsewhere, repository.path
    result = repository.cprof("tag", "archive/run11")
    assert result.status == 2 and result.err.endswith("name one with --repo\n")
    repository.ok("tag", "archive/run11", "--repo", home)


def test_an_archive_that_is_a_repository_itself(repository):
    git(repository.archive, "init", "-q", ".")
    assert repository.ids[1][:7] in repository.ok("tag", "run13").out


def test_no_commit_yet(work, profiles):
    work.snapshot("run", RUN, profiles[0])
    git(work.path, "init", "-q", ".")
    result = work.cprof("tag")
    assert result.status == 2 and result.out == ""
    assert len(result.err.splitlines()) == 1 and "no commit" in result.err


def test_damaged_and_unwritable(repository):
    (repository.archive / "run11" / RUN / "snapshot.json").write_text("{")
    result = repository.cprof("tag", "--force")
    assert result.status == 2
    assert "snapshot.json" in result.err and len(result.err.splitlines()) == 1
    assert manifest(repository, 9)["git"] and manifest(repository, 13)["git"]
    assert (repository.archive / "run11" / RUN / "snapshot.json").read_text() == "{"


def test_a_folder_that_cannot_be_written(repository):
    folder = repository.archive / "run13" / RUN
    folder.chmod(0o500)
    try:
        result = repository.cprof("tag", "run13", preexec_fn=obey_permissions)
    finally:
        folder.chmod(0o700)
    assert result.status == 2 and "Permission denied" in result.err
    assert sorted(os.listdir(str(folder))) == ["profile.prof", "snapshot.json"]


def test_a_file_is_refused(repository):
    assert "only snapshots can hold a commit" in repository.refused(
        "tag", "profiling/run13/%s/profile.prof" % RUN)


def test_then_the_picture_is_old(repository):
    repository.ok("render", "run13")
    folder = repository.archive / "run13" / RUN
    os.utime(str(folder / "dot.png"), (1e9, 1e9))
    repository.ok("tag", "run13")
    shown = repository.ok("ls", "--json", "run13").json["runs"][0]["snapshots"][0]
    assert shown["picture"] == "old" and shown["commit"] == repository.ids[1]
    assert repository.ok("render").out.count("dot.png") == 3
    shown = repository.ok("ls", "--json", "run13").json["runs"][0]["snapshots"][0]
    assert shown["picture"] == "current"


def test_how_its_suite_ended(repository):
    def outcome():
        return json.loads((repository.archive / "run13" / "run.json").read_text()).get("outcome")

    for said in "failed", "passed", "failed":
        assert repository.cprof("tag", "--outcome", said, "run13").status == 0
        assert outcome() == said
    assert repository.cprof("tag", "--outcome", "unknown", "run13").status == 0
    assert outcome() is None
    result = repository.cprof("tag", "--outcome", "failed")
    assert result.status == 2 and "of a run" in result.err
