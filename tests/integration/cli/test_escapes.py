"""What a stranger's profile says reaches a terminal as text alone: escapes, control
characters and what is not UTF-8 are printed as \\xNN, everywhere."""
import json
import marshal
import os
import re

import pytest

from cli_work import profile_of, load
from test_bad_input import sampled_pprof
from test_output import in_terminal

# Colours, a window's title, a line back, a bell, C1's CSI, right-to-left, a line separator.
HOSTILE = "\x1b[31m\x1b]0;x\x07\rA\x08\x7f\x9b2J\u202e\u2028\n\t"
BAD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
RUN = "GET.root.000005ms"


def assert_harmless(text):
    assert not BAD.search(text), BAD.findall(text)
    text.encode("utf-8") # what was not UTF-8 came as surrogates


@pytest.fixture
def hostile(work):
    work.snapshot("run", RUN, profile_of(load, 2), route="/" + HOSTILE, status="200 " + HOSTILE,
                  method="GET" + HOSTILE, exception="x" + HOSTILE, lost=3,
                  git={"commit": "1a2b3c4" + HOSTILE, "branch": HOSTILE, "dirty": False,
                       "subject": HOSTILE, "author_date": HOSTILE, "tagged_at": HOSTILE})
    work.snapshot("run", "GET.broken.000005ms", profile_of(load, 2))
    (work.archive / "run" / "GET.broken.000005ms" / "snapshot.json").write_text('{"' + json.dumps(HOSTILE))
    os.mkdir(os.fsencode(str(work.archive)) + b"/\x1b[31mrun\xff")
    work.snapshot("other", RUN, profile_of(load, 9), route="/" + HOSTILE, method="GET" + HOSTILE)
    key, other = ("/x/" + HOSTILE, 3, "f" + HOSTILE), ("~", 0, "<built-in " + HOSTILE + ">")
    for name, calls in ("one", 2), ("two", 7):
        rows = {key: (1, calls, 0.5, 0.75, {other: (1, 1, 0.1, 0.2)}),
                other: (1, 1, 0.25, 0.25, {key: (calls, 1, 0.1, 0.2)})}
        (work.path / (name + ".prof")).write_bytes(marshal.dumps(rows))
        (work.path / (name + ".pb.gz")).write_bytes(
            sampled_pprof([calls, 3], main="m" + HOSTILE, work="w" + HOSTILE, file=HOSTILE))
    # A file named in bytes that are no UTF-8: Python writes surrogates.
    bad = marshal.dumps({("/x/" + os.fsdecode(b"\xff\x1b"), 3, "\xe9"): (1, 1, 0.5, 0.5, {})})
    (work.path / "bytes.prof").write_bytes(bad)
    return work


COMMANDS = [
    ["ls"], ["ls", "-a"], ["ls", "run/" + RUN], ["ls", "--runs"], ["show", "run/" + RUN], ["show", "one.prof"],
    ["show", "one.prof", "--callers", "f"], ["show", "one.prof", "--callees", "built"],
    ["show", "one.prof", "--strip-dirs", "--sort", "stdname", "f" + HOSTILE.replace("[", r"\[")],
    ["show", "one.pb.gz"], ["show", "one.pb.gz", "--tree"], ["show", "one.pb.gz", "--tree", HOSTILE[-3:]],
    ["show", "one.pb.gz", "--focus", "w" + HOSTILE[:1]], ["diff", "one.prof", "two.prof"],
    ["diff", "one.pb.gz", "two.pb.gz"], ["diff", "run", "other"], ["diff", "run/" + RUN, "other/" + RUN],
]


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: " ".join(args).encode("unicode_escape").decode())
def test_what_is_read(hostile, args):
    result = hostile.cprof(*args)
    assert result.out != "", result
    assert_harmless(result.out)
    assert_harmless(result.err)
    if "ls" not in args and "run" not in args: # there the broken one is said
        assert result.status == 0, result
    colours = re.compile("\x1b\\[[0-9;]*m")
    if result.status == 0:
        assert_harmless(colours.sub("", in_terminal(hostile, *args, env={"PAGER": ""})))


def test_bytes_that_are_no_text(hostile):
    result = hostile.cprof("show", "bytes.prof")
    assert_harmless(result.out + result.err)
    assert result.status == 0 and "/x/\\udcff\\x1b:3(\xe9)\n" in result.out, result


WRITTEN = [["export", "--to", kind] for kind in ("callgrind", "collapsed", "speedscope", "dot", "json", "csv")] + \
    [["render", "--output", "-", "--format", kind] for kind in ("dot", "svg")]


@pytest.mark.parametrize("args", WRITTEN, ids=" ".join)
def test_what_is_written(hostile, args):
    (hostile.path / "kind.pb.gz").write_bytes(
        sampled_pprof([5, 3], main="m" + HOSTILE, work="w" + HOSTILE, file=HOSTILE, kind=HOSTILE, unit=HOSTILE))
    for file in "one.prof", "kind.pb.gz", "run/" + RUN:
        result = hostile.cprof(*args, file)
        if "no call tree" not in result.err:
            assert result.status == 0 and result.out != "", result
        assert_harmless(re.sub("(?m)^\t+", "", result.out)) # dot and scripts are indented
        assert_harmless(result.err)


@pytest.mark.parametrize("args", [
    [HOSTILE], ["show", HOSTILE], ["show", "GET /" + HOSTILE], ["show", "--" + HOSTILE], ["show", "-\x1b"],
    ["show", "one.prof", "(" + HOSTILE], ["show", "one.prof", "--sort", HOSTILE], ["help", HOSTILE],
    ["show", "one.prof", "--callers", "nobody" + HOSTILE], ["diff", HOSTILE, "x"], ["completion", HOSTILE], ["tag", HOSTILE],
    ["show", "one.pb.gz", "--focus", "nobody" + HOSTILE], ["ls", "--color", HOSTILE],
    ["show", "--limit", HOSTILE, "x"], ["show", os.fsdecode(b"\xff\xfe\x1b")], ["show", "\x1b[31mru"],
])
def test_what_is_typed(hostile, args):
    result = hostile.cprof(*args)
    assert result.status == 2 and result.out == "" and result.err.count("\n") == 1, result
    assert_harmless(result.err)
