import marshal
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import time
from xml.etree import ElementTree

import pytest

from cli_work import CPROF, obey_permissions

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


def test_the_ending_says_what_it_is(archive):
    begins = {".png": b"\x89PNG", ".PNG": b"\x89PNG", ".svg": b"<svg ", ".pdf": b"%PDF", ".dot": b"digraph", "": b"\x89PNG"}
    (archive.path / "a.b").mkdir()
    for ending, begin in begins.items():
        archive.ok("render", "one/" + RUN, "-o", "a.b/../x" + ending)
        assert (archive.path / ("x" + ending)).read_bytes().startswith(begin), ending
    for name in "x.jpg", "x.png.gz", "./x.":
        assert archive.refused("render", "one/" + RUN, "-o", name) == (
            "cprof: render: '%s' ends in none of .png, .svg, .pdf and .dot; --format tells what is to be in it" % name)
        assert not (archive.path / name).exists()
    archive.ok("render", "one/" + RUN, "-o", "x.jpg", "--format", "svg")
    assert (archive.path / "x.jpg").read_bytes().startswith(b"<svg ")


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


def test_formats_by_name_and_by_option(archive):
    what = "two/" + RUN
    begin = {"png": b"\x89PNG", "svg": b"<svg xmlns=", "pdf": b"%PDF-", "dot": b"digraph {"}
    for name, first in begin.items():
        archive.ok("render", what, "-o", "x." + name)
        assert (archive.path / ("x." + name)).read_bytes().startswith(first)
        archive.ok("render", what, "-o", "same", "--format", name)
        assert (archive.path / "same").read_bytes() == (archive.path / ("x." + name)).read_bytes()
    assert archive.ok("render", "two", "--format", "svg").out == (
        "profiling/two/%s/dot.svg\nprofiling/two/GET.x.000005ms/dot.svg\n" % RUN)
    assert "is none of png, svg, pdf, dot" in archive.refused("render", what, "--format", "gif")


def test_a_dot_has_no_limit_but_one_that_is_asked_for(archive):
    what = "two/" + RUN
    thresholds = "--min-node", 0, "--min-edge", 0

    def boxes(*args):
        archive.ok("render", what, "-o", "x.dot", *thresholds, *args)
        return (archive.path / "x.dot").read_text(encoding="utf-8").count("tooltip=") - 1

    assert boxes() >= 4
    assert boxes("--nodes", 2) == 2
    assert boxes("--leaf", "load") == 1
    assert boxes("--root", "l[a-z]*", "--theme", "gprof2dot") >= 2


def test_themes_differ(archive):
    pictures = set()
    for theme in "light", "dark", "print", "gprof2dot":
        archive.ok("render", "two/" + RUN, "-o", "x.png", "--theme", theme)
        pictures.add((archive.path / "x.png").read_bytes())
    assert len(pictures) == 4


def test_what_cannot_be_asked_for(archive):
    what = "two/" + RUN
    assert archive.refused("render", what, "--root", "nobody") == (
        "cprof: profiling/%s: none of the functions that could be shown is called 'nobody'" % what)
    assert archive.refused("render", what, "--metric", "cpu").endswith(
        ": no metric 'cpu'; there is wall")
    for budget in "0", "-1s", "soon", "1h", "nan":
        assert archive.refused("render", what, "--budget", budget) == (
            "cprof: render: --budget %s is no time: 2s, 500ms" % budget)


def write_prof(path, functions, arcs):
    """A .prof file: {key: (calls, own, cumulative)} and {(caller, callee): (calls, cumulative)}."""
    stats = {key: (calls, calls, own, below, {}) for key, (calls, own, below) in functions.items()}
    for (caller, callee), (calls, below) in arcs.items():
        stats[callee][4][caller] = calls, calls, 0.0, below
    path.write_bytes(marshal.dumps(stats))


def tangle(path, nfunctions, narcs):
    """Everything calls everything, each as costly as the others: nothing can be left out for
    being light."""
    keys = [("/srv/app/m%d.py" % (i % 50), i, "f%d" % i) for i in range(nfunctions)]
    arcs = {}
    step = 1
    while len(arcs) < narcs:
        for i in range(nfunctions):
            arcs[keys[i], keys[(i + step) % nfunctions]] = 2, 0.01
        step += 1
    write_prof(path, {key: (3, 0.001, 0.1) for key in keys}, arcs)


def test_a_tangle_is_done_in_time_and_says_what_it_left_out(work):
    tangle(work.path / "tangle.prof", 1000, 50000)
    for args in ["--nodes", 0], [], ["--theme", "gprof2dot"], ["--nodes", 300, "--budget", "300ms"]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        result = work.cprof("render", "tangle.prof", "-o", "x.svg", "--min-node", 0,
                            "--min-edge", 0, *args)
        assert result.status == 0, result
        # No bound on the time, which is the machine's, but on what would take hours.
        assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 60
        svg = (work.path / "x.svg").read_text(encoding="utf-8")
        lines = len(set(re.findall(r'<g class="e (f\d+ t\d+)">', svg)))
        boxes = svg.count('<g class="n"')
        assert 20 <= boxes <= 1000 and lines <= max(4 * boxes, 1000)
        said = re.search(r">([\d,]+) (of 1,000 functions[^<]*)<.*>([\d,]+ of 50,000 arcs "
                         r"\([\d,]+ left out, the lightest of too many\))<", svg)
        assert said and int(said.group(1).replace(",", "")) == boxes, svg[:3000]
        assert result.err == "cprof: x.svg: %s %s, %s\n" % said.groups()


def test_a_difference_says_what_its_picture_left_out(work):
    tangle(work.path / "tangle.prof", 200, 8000)
    result = work.cprof("diff", "tangle.prof", "tangle.prof", "--png", "x.png")
    assert result.status == 0 and result.err.count("\n") == 1
    assert re.match(r"cprof: x\.png: [\d,]+ of 200 functions .* of 8,000 arcs "
                    r"\([\d,]+ left out, the lightest of too many\)$", result.err), result


def test_never_larger_than_viewers_open(work):
    keys = [("/srv/app/deep.py", i, "f%d" % i) for i in range(600)]
    write_prof(work.path / "deep.prof", {key: (1, 0.001, 0.9) for key in keys},
               {pair: (1, 0.9) for pair in zip(keys, keys[1:])})
    for theme in "light", "gprof2dot":
        result = work.cprof("render", "deep.prof", "-o", "x.png", "--nodes", 0, "--theme", theme)
        assert result.status == 0
        assert re.fullmatch(r"cprof: x\.png: drawn at [45]\d% of its size\n", result.err), result
        width, height = struct.unpack(">II", (work.path / "x.png").read_bytes()[16:24])
        assert width < 3000 and 30000 < height <= 32767


@pytest.fixture
def many(work, profiles):
    for i in range(24):
        work.snapshot("run", "GET.p%02d.000005ms" % i, profiles[0])
    return work


def test_many_at_once_in_order(many):
    assert many.ok("render").out == "".join(
        "profiling/run/GET.p%02d.000005ms/dot.png\n" % i for i in range(24))
    pictures = {(many.archive / "run" / name / "dot.png").read_bytes()
                for name in os.listdir(str(many.archive / "run"))}
    assert 1 <= len(pictures) <= 24 and all(png.endswith(b"IEND\xaeB`\x82") for png in pictures)


def test_interrupted_leaves_no_half_file(many):
    """At whatever moment: a picture is whole or not there, and nothing else is left."""
    for delay in 0.01, 0.03, 0.06, 0.1:
        process = subprocess.Popen([CPROF, "render", "run"], cwd=str(many.path),
                                   stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:  # the workers end a little later than their parent
        names = {name for folder in (many.archive / "run").iterdir() for name in os.listdir(str(folder))}
        if names <= {"dot.png", "profile.prof", "snapshot.json"}:
            break
        time.sleep(0.05)
    assert names <= {"dot.png", "profile.prof", "snapshot.json"}
    for png in (many.archive / "run").glob("*/dot.png"):
        assert png.read_bytes().endswith(b"IEND\xaeB`\x82")
    many.ok("render", "run")


def test_one_that_dies_for_want_of_memory(work, profiles):
    """The others are drawn, and there is one line."""
    if "address" in os.environ.get("SAN", ""):
        pytest.skip("AddressSanitizer wants more address space than there is here")
    work.snapshot("run", "GET.a.000005ms", profiles[0])
    folder = work.snapshot("run", "GET.b.000005ms", profiles[0])
    tangle(folder / "profile.prof", 4000, 200000)

    def starve():
        resource.setrlimit(resource.RLIMIT_AS, (45 << 20, 45 << 20))

    result = work.cprof("render", "run", "--nodes", 0, "--min-node", 0, "--min-edge", 0,
                        preexec_fn=starve)
    assert result.status == 2, result
    assert result.out == "profiling/run/GET.a.000005ms/dot.png\n"
    (line,) = result.err.splitlines()
    assert line.startswith("cprof: profiling/run/GET.b.000005ms") and "memory" in line, line


def test_one_that_takes_too_long(work):
    """Each attempt is given up, with whatever is in it: reading alone takes longer."""
    tangle(work.path / "tangle.prof", 100000, 200000)
    assert work.refused("render", "tangle.prof", "-o", "x.png", "--budget", "10ms") == (
        "cprof: took more than 0.04 s, even with less in it")
    assert os.listdir(str(work.path)) == ["tangle.prof"]


CHROMIUM = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync")


def test_svg_finds_functions_in_a_browser(work, profiles, tmp_path):
    """From a file, without a network: what stands behind # is found and counted."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: no browser was asked")
    profiles[0].dump_stats(str(work.path / "a.prof"))
    work.ok("render", "a.prof", "-o", "a.svg", "--min-node", 0)
    ElementTree.parse(str(work.path / "a.svg"))
    done = subprocess.run([chromium, *CHROMIUM, "--user-data-dir=%s" % (tmp_path / "data"), "--dump-dom",
                           "file://%s#listcomp" % (work.path / "a.svg")], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=60, check=True)
    dom = done.stdout.decode("utf-8")
    (hit,) = re.findall(r'<g class="n hit here" id="n\d+"><title>([^\n]*)', dom)
    assert hit == "load.&lt;listcomp&gt;" or hit == "&lt;listcomp&gt;"
    assert re.search(r'id="count"[^>]*>1 of \d+<', dom)


@pytest.mark.skipif(not hasattr(os, "confstr") or "CS_GNU_LIBC_VERSION" not in os.confstr_names,
                    reason="glibc's linker says what it loads")
def test_only_what_needs_cairo_loads_it(work):
    """Nor fontconfig: each takes more memory than the picture, and time."""
    def loaded(name, output):
        profile = {("/srv/app.py", 1, name): (1, 1, 1.0, 1.0, {})}
        (work.path / "x.prof").write_bytes(marshal.dumps(profile))
        said = work.path / output
        work.ok("render", "x.prof", "-o", output, env={"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": said})
        lines = "".join(path.read_text() for path in work.path.glob(output + ".*"))
        return set(re.findall(r"calling init: .*/(?:lib)?(\w+?)(?:-?[\d.]+)?\.so", lines))

    for output in "x.png", "x.svg":
        found = loaded("main", output)
        assert {"draw", "gvc"} <= found
        assert not {"page", "cairo", "fontconfig", "X11"} & found
    assert {"page", "cairo"} <= loaded("main", "x.pdf")
    assert {"draw", "fontconfig"} <= loaded("\u4e2d", "odd.png")


def test_without_what_draws(archive):
    """The command by itself, away from lib/cprof: text works, and a picture says what is not there."""
    alone = archive.path / "alone" / "bin"
    alone.mkdir(parents=True)
    shutil.copy(CPROF, str(alone / "cprof"))

    def run(*args):
        return subprocess.run([str(alone / "cprof"), *args], cwd=str(archive.path), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    assert run("show", "two/" + RUN).returncode == 0
    assert run("render", "two/" + RUN, "-o", "x.dot").returncode == 0
    for args in ("render", "two/" + RUN), ("tag", "--force"):
        done = run(*args)
        assert done.returncode == 2
        assert "/alone/lib/cprof/%s.so" % ("draw" if args[0] == "render" else "git") in done.stderr
    done = run("render", "two/" + RUN, "-o", "x.pdf")
    assert done.returncode == 2 and "/alone/lib/cprof/page.so" in done.stderr
