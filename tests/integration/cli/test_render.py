import os
import struct

import pytest

from cli_work import obey_permissions

RUN = "GET.root.000005ms"


@pytest.fixture
def archive(work, profiles):
    for run in "one", "two":
        work.snapshot(run, RUN, profiles[0])
    work.snapshot("two", "GET.x.000005ms", profiles[1], route="/x",
                  start="2026-11-21T18:20:39+01:00")
    return work


def picture(folder):
    """Width and height of its dot.png."""
    content = (folder / "dot.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82")
    return struct.unpack(">II", content[16:24])


def test_all_that_lack_one(archive):
    result = archive.ok("render")
    paths = ["profiling/one/" + RUN, "profiling/two/" + RUN, "profiling/two/GET.x.000005ms"]
    assert result.out == "".join(path + "/dot.png\n" for path in paths)
    for path in paths:
        assert min(picture(archive.path / path)) > 50
        # Nothing else was left behind.
        assert sorted(os.listdir(str(archive.path / path))) == ["dot.png", "profile.prof",
                                                               "snapshot.json"]
    again = archive.cprof("render")
    assert (again.status, again.out) == (0, "")
    assert again.err == "cprof: nothing to draw: every snapshot has its picture\n"


def test_those_older_than_their_tag(archive):
    archive.ok("render")
    folder = archive.archive / "two" / RUN
    os.utime(str(folder / "dot.png"), (1e9, 1e9))
    assert archive.ok("render").out == "profiling/two/%s/dot.png\n" % RUN


def test_a_run_and_a_snapshot_always(archive):
    archive.ok("render", "two")
    assert archive.ok("render", "two").out.count("\n") == 2
    assert archive.ok("render", "two/" + RUN).out.count("\n") == 1
    assert not (archive.archive / "one" / RUN / "dot.png").exists()


def test_a_file_needs_a_place(archive):
    file = "profiling/one/%s/profile.prof" % RUN
    assert archive.refused("render", file) == (
        "cprof: render: %s is a file, so say where the picture goes: --output FILE" % file)
    assert archive.ok("render", file, "-o", "x.png").out == "x.png\n"
    first = (archive.path / "x.png").read_bytes()
    assert first.startswith(b"\x89PNG")
    archive.ok("render", file, "--output=x.png") # replaces it
    result = archive.cprof("render", file, "-o", "-")
    assert result.status == 0 and result.out.encode("utf-8", "surrogateescape") == first


def test_one_picture_for_one_place(archive):
    for args in ["two", "-o", "x.png"], ["-o", "x.png"]:
        assert "--output takes one picture" in archive.refused("render", *args)
    archive.ok("render", "two/" + RUN, "-o", "x.png")
    assert not (archive.archive / "two" / RUN / "dot.png").exists()


def test_options_of_the_graph(archive):
    what = "two/" + RUN

    def size(*args):
        archive.ok("render", what, *args)
        return picture(archive.archive / "two" / RUN)

    whole = size("--min-node", 0, "--min-edge", 0)
    less = size("--min-node", 0, "--min-edge", 0, "--nodes", 1)
    assert less[0] * less[1] < whole[0] * whole[1]


def test_one_that_fails(archive):
    damaged = archive.archive / "two" / RUN / "profile.prof"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:30])
    result = archive.cprof("render")
    assert result.status == 2
    assert result.err == "cprof: profiling/two/%s/profile.prof: truncated at byte 30\n" % RUN
    assert result.out.count("dot.png") == 2
    damaged.unlink()
    result = archive.cprof("render", "two")
    assert result.status == 2 and "profile.prof" in result.err and result.out.count("dot.png") == 1


def test_without_a_manifest(archive):
    (archive.archive / "one" / RUN / "snapshot.json").unlink()
    archive.ok("render", "one")
    assert picture(archive.archive / "one" / RUN)


def test_places_that_cannot_be_written(archive):
    file = "profiling/one/%s/profile.prof" % RUN
    assert archive.refused("render", file, "-o", "/dev/full") == \
        "cprof: /dev/full: No space left on device"
    assert os.path.exists("/dev/full") and not os.path.isfile("/dev/full")
    assert archive.refused("render", file, "-o", "missing/x.png") == \
        "cprof: missing/x.png: No such file or directory"
    assert archive.cprof("render", "two/" + RUN).status == 0
    folder = archive.archive / "one" / RUN
    folder.chmod(0o500)
    try:
        result = archive.cprof("render", preexec_fn=obey_permissions)
    finally:
        folder.chmod(0o700)
    # The other one of the two that lack a picture is drawn all the same.
    assert result.status == 2 and result.out.count("dot.png") == 1
    assert "profiling/one/" in result.err and "Permission denied" in result.err
    assert len(result.err.splitlines()) == 1
    assert sorted(os.listdir(str(folder))) == ["profile.prof", "snapshot.json"]
    assert "profiling: Is a directory" in archive.refused("render", file, "-o", "profiling")
