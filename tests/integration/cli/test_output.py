"""Where the output goes: colours, pipes that close, disks that are full."""
import os
import pty
import re
import subprocess

import pytest

from cli_work import CPROF

RUN = "GET.root.000005ms"


@pytest.fixture
def archive(work, profiles):
    work.snapshot("run", RUN, profiles[0])
    work.snapshot("other", RUN, profiles[1])
    return work


COMMANDS = [["ls"], ["ls", "--json"], ["show", "run/" + RUN], ["diff", "run", "other"],
            ["diff", "run", "other", "--json"], ["help"], ["ls", "--help"], ["version"],
            ["completion", "bash"], ["render", "run/" + RUN, "-o", "-"]]


def in_terminal(work, *args, columns=100, env=None):
    """Runs the command with a terminal for its standard output."""
    master, slave = pty.openpty()
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("CPROF") and name != "NO_COLOR" and name != "LD_PRELOAD"}
    environment.update({"LC_ALL": "C.UTF-8", "TERM": "xterm", "COLUMNS": str(columns),
                        "LINES": "50", "PAGER": "sed s/^/paged:/"}, **(env or {}))
    process = subprocess.Popen([CPROF] + list(args), cwd=str(work.path), env=environment,
                               stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE)
    os.close(slave)
    out = b""
    try:
        while True:
            out += os.read(master, 65536)
    except OSError: # the other side is closed
        pass
    os.close(master)
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0, err
    return out.decode().replace("\r\n", "\n")


def test_colour_on_a_terminal_alone(archive):
    assert "\x1b[" in in_terminal(archive, "ls")
    assert "\x1b[" not in archive.ok("ls").out
    assert "\x1b[" in archive.ok("ls", "--color", "always").out
    assert "\x1b[" not in in_terminal(archive, "ls", "--color=never")
    assert "\x1b[" not in in_terminal(archive, "ls", env={"NO_COLOR": "1"})
    assert "\x1b[" in in_terminal(archive, "ls", env={"NO_COLOR": ""})
    assert "\x1b[" in in_terminal(archive, "ls", "--color=always", env={"NO_COLOR": "1"})
    assert "\x1b[" not in in_terminal(archive, "ls", env={"TERM": "dumb"})


@pytest.mark.parametrize("args", [["ls"], ["show", "run/" + RUN], ["diff", "run", "other"],
                                  ["show", "--help"], ["help"]])
def test_pager(archive, args):
    plain = in_terminal(archive, *args, env={"LINES": "1000"})
    assert "paged:" not in plain
    few, many = {"LINES": "4"}, {"LINES": str(plain.count("\n") + 1)}
    paged = "".join("paged:" + line for line in plain.splitlines(True))
    assert in_terminal(archive, *args, env=few) == paged
    assert in_terminal(archive, *args, env=many) == plain
    assert in_terminal(archive, *args, env={**few, "CPROF_PAGER": "sed s/^/mine:/"}).startswith("mine:")
    for none in ({"PAGER": ""}, {"PAGER": "cat"}, {"CPROF_PAGER": ""}, {"TERM": "dumb"},
                 {"PAGER": "/no/such/pager 2>/dev/null"}):
        assert "paged:" not in in_terminal(archive, *args, env={**few, **none})
    # A pager that ends at once is what its user did.
    assert in_terminal(archive, *args, env={**few, "PAGER": "true"}) == ""
    assert in_terminal(archive, *args, env={**few, "PAGER": 'echo "$LESS"'}) == "FRX\n"


def test_no_pager_without_a_terminal(archive):
    assert "paged:" not in archive.ok("show", "run/" + RUN, env={"PAGER": "sed s/^/paged:/", "LINES": "2"}).out


@pytest.mark.parametrize("args", [["ls"], ["ls", "run"], ["show", "run/" + RUN],
                                  ["diff", "run", "other"]])
@pytest.mark.parametrize("columns", [80, 120])
def test_fits_the_terminal(archive, args, columns):
    out = in_terminal(archive, *args, "--color=never", columns=columns)
    assert max(map(len, out.splitlines())) <= columns, out


def test_a_narrow_terminal_says_what_it_hides(archive):
    assert "--wide" in in_terminal(archive, "diff", "run", "other", columns=80)
    wide = in_terminal(archive, "diff", "run", "other", "--wide", "--color=never", columns=80)
    assert wide == archive.ok("diff", "run", "other").out


def test_one_that_is_too_narrow(archive):
    """What can be shorter is as short as it gets."""
    (archive.path / "a.txt").write_text("main;%s 5\n" % ("f" * 200))
    out = in_terminal(archive, "show", "a.txt", "--tree", columns=40)
    assert max(map(len, re.sub("\x1b[^m]*m", "", out).splitlines())) < 80 and "(all)" in out
    assert not re.search("\x1b\\[\\d+m\x1b", out) # a colour of nothing


@pytest.mark.parametrize("env", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}])
def test_ascii_where_the_locale_is(archive, env):
    for args in ["ls"], ["diff", "run", "other"], ["show", "run/" + RUN]:
        assert archive.ok(*args, env=env).out.isascii()


@pytest.mark.parametrize("args", COMMANDS)
def test_full_disk(archive, args):
    with open("/dev/full", "wb") as full:
        result = archive.cprof(*args, stdout=full)
    assert result.status == 2
    assert result.err == "cprof: standard output: No space left on device\n"


@pytest.mark.parametrize("args", COMMANDS)
def test_closed_standard_output(archive, args):
    result = archive.cprof(*args, stdout=None, preexec_fn=lambda: os.close(1))
    assert result.status == 2
    assert result.err == "cprof: standard output: Bad file descriptor\n"


def test_closed_descriptors_hit_no_file(archive):
    """With all three closed a picture would otherwise get descriptor 1, and the text in it."""
    result = archive.cprof("render", "run/" + RUN, stdout=None, stderr=None,
                           preexec_fn=lambda: os.closerange(0, 3))
    assert result.status == 2
    picture = (archive.archive / "run" / RUN / "dot.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and picture.endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("args", COMMANDS)
def test_reader_that_goes_away(archive, args):
    reader, writer = os.pipe()
    os.close(reader)
    result = archive.cprof(*args, stdout=writer)
    os.close(writer)
    assert (result.status, result.err) == (0, "")


def test_reader_that_goes_away_keeps_the_verdict(archive):
    reader, writer = os.pipe()
    os.close(reader)
    result = archive.cprof("diff", "--exit-code", "run", "other", stdout=writer)
    os.close(writer)
    assert (result.status, result.err) == (1, "")
