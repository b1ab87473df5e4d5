"""One clear line each, that names the file and the way out; exit status 2; nothing lost."""
import gzip
import os
import resource
import signal
import subprocess
import sys

import pytest

from cli_work import CPROF, obey_permissions

RUN = "GET.root.000005ms"


@pytest.fixture
def archive(work, profiles):
    work.snapshot("old", RUN, profiles[0])
    work.snapshot("new", RUN, profiles[1])
    return work


def hostile_prof():
    """Marshal that claims a string of two gigabytes, a tuple of a billion, ..."""
    return {
        "huge string": b"{s\xff\xff\xff\x7f",
        "huge tuple": b"{(\xff\xff\xff\x7f",
        "negative length": b"{s\xff\xff\xff\xff",
        "deep": b"{" + b"(\x01\x00\x00\x00" * 100000,
        "bad reference": b"{r\xff\xff\x00\x00",
        "not a dictionary": b"i\x01\x00\x00\x00",
        "code object": b"c" + b"\0" * 64,
        "text": b"this is not a profile\n",
        "zeros": b"\0" * 4096,
    }


def hostile_pprof():
    return {
        "no gzip": b"\x1f\x8b\x08\x00nonsense",
        "bomb": gzip.compress(b"\0" * 50_000_000),
        "empty gzip": gzip.compress(b""),
        "cut varint": gzip.compress(b"\x0a\xff"),
        "huge field": gzip.compress(b"\x12\xff\xff\xff\xff\x0f"),
        "no such function": gzip.compress(b"\x12\x04\x0a\x02\x07\x07"),
    }


READERS = [["show", "{}"], ["show", "--tree", "{}"], ["diff", "{}", "{}"],
           ["render", "{}", "-o", "out.png"]]


@pytest.mark.parametrize("name", sorted(hostile_prof()))
def test_hostile_prof(work, name):
    (work.path / "bad.prof").write_bytes(hostile_prof()[name])
    for args in READERS:
        assert "bad.prof" in work.refused(*[arg.format("bad.prof") for arg in args]), args
    assert os.listdir(str(work.path)) == ["bad.prof"]


@pytest.mark.parametrize("name", sorted(hostile_pprof()))
def test_hostile_pprof(work, name):
    (work.path / "bad.pb.gz").write_bytes(hostile_pprof()[name])
    for args in READERS:
        assert "bad.pb.gz" in work.refused(*[arg.format("bad.pb.gz") for arg in args]), args
    assert os.listdir(str(work.path)) == ["bad.pb.gz"]


def test_packed_others(archive):
    content = (archive.archive / "old" / RUN / "profile.prof").read_bytes()
    (archive.path / "a.prof.gz").write_bytes(gzip.compress(content))
    assert "unpack others" in archive.refused("show", "a.prof.gz")


def test_empty_and_cut(archive):
    content = (archive.archive / "old" / RUN / "profile.prof").read_bytes()
    bad = archive.path / "bad.prof"
    for size in list(range(0, len(content), 37)) + [len(content) - 1]:
        bad.write_bytes(content[:size])
        said = archive.refused("show", "bad.prof")
        assert said.startswith("cprof: bad.prof: "), size
    bad.write_bytes(b"")
    assert archive.refused("show", "bad.prof") == "cprof: bad.prof: empty"


def test_cut_pprof(served):
    work, first, _ = served
    content = next((work.archive / first).glob("GET.*/profile.pb.gz")).read_bytes()
    for size in range(0, len(content), 97):
        (work.path / "bad.pb.gz").write_bytes(content[:size])
        assert work.refused("show", "bad.pb.gz").startswith("cprof: bad.pb.gz: "), size


def test_a_snapshot_that_misses_a_file(archive):
    folder = archive.archive / "old" / RUN
    what = "old/" + RUN
    # Without snapshot.json the numbers are still there.
    (folder / "snapshot.json").unlink()
    assert "{built-in method builtins.abs}" in archive.ok("show", what).out
    archive.ok("diff", what, "new/" + RUN)
    assert archive.cprof("ls", what).status == 2
    # Without a profile nothing is.
    (folder / "profile.prof").unlink()
    for args in ["show", what], ["diff", what, "new/" + RUN], ["render", what]:
        assert "profile.prof" in archive.refused(*args), args
    assert os.listdir(str(folder)) == []


def test_a_folder_that_is_nothing(work):
    (work.path / "empty").mkdir()
    for args in ["ls", "empty"], ["render", "empty"], ["show", "empty"]:
        assert "empty" in work.refused(*args), args
    assert "profiling" in work.refused("ls")
    assert "profiling" in work.refused("render")
    assert "profiling" in work.refused("tag")


def test_other_kinds_of_file(work):
    os.mkfifo(str(work.path / "pipe"))
    for what in "pipe", "/dev/null", "/dev/zero":
        assert what in work.refused("show", what)


def test_a_link_that_leads_nowhere(archive):
    os.symlink("nowhere", str(archive.path / "link"))
    assert "link" in archive.refused("show", "link")


def test_names_that_lead_out_of_the_archive(archive):
    (archive.path / "profile.prof").write_bytes(b"")
    # What is above is ours as well: beside lie other tests' archives, which can be shown.
    (archive.path / "a" / "b").mkdir(parents=True)
    for what in "old/../../profile.prof", "../old", ".", "..":
        result = archive.cprof("show", "--dir", "../../profiling", what, cwd=str(archive.path / "a" / "b"))
        assert result.status == 2 and len(result.err.splitlines()) == 1, what


def test_a_file_that_cannot_be_read(archive):
    file = archive.archive / "old" / RUN / "profile.prof"
    file.chmod(0)
    said = archive.refused("show", "old/" + RUN, preexec_fn=obey_permissions)
    assert said == "cprof: profiling/old/%s/profile.prof: Permission denied" % RUN


def test_folders_that_cannot_be_opened(work, profiles):
    for run in "old", "new", "shut":
        for number in 1, 2, 3:
            work.snapshot(run, "GET.root.00000%dms" % number, profiles[0], served_before=number - 1)
    closed = [work.archive / "new" / ("GET.root.00000%dms" % number) for number in (1, 3)] + [work.archive / "shut"]
    said = "cprof: profiling/new/GET.root.000001ms: Permission denied; left out, and 1 more\n"
    in_all = "cprof: profiling/shut: Permission denied; left out, and 2 more\n"
    for folder in closed:
        folder.chmod(0)
    try:
        # What is left out may be what differs, or what is worse.
        for args, status, err in ((["ls", "new"], 2, said), (["ls"], 2, in_all), (["show", "new"], 2, said),
                                  (["merge", "new", "-o", "new.prof"], 2, said),
                                  (["diff", "old", "new"], 2, said), (["gate", "old", "new"], 2, said),
                                  (["show", "new/GET.root.000002ms"], 0, "")):
            result = work.cprof(*args, preexec_fn=obey_permissions)
            assert (result.status, result.err) == (status, err), (args, result)
        refused = work.refused("ls", "shut", preexec_fn=obey_permissions)
        assert refused.endswith("/profiling/shut: Permission denied")
    finally:
        for folder in closed:
            folder.chmod(0o700)


# --- bombs: small files that would be huge ones

# A process begins with what the one that made it had, and pytest has much.
MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def run_measured(work, *args):
    """Exit status, what it said, and the most memory that it had, in bytes."""
    done = subprocess.run([sys.executable, "-S", "-c", MEASURE, CPROF, *args], cwd=str(work.path),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    status, memory = map(int, done.stdout.split())
    return status, done.stderr.decode(), memory


SPEEDSCOPE = b'{"$schema":"https://www.speedscope.app/file-format-schema.json","profiles":'


FUNCTION = b")\x03z\x01ai\x01\0\0\0z\x01f"
NUMBERS = b"i\1\0\0\0" * 2 + b"g" + bytes(8) + b"g" + bytes(8)


def shared_callers():
    """5,000 functions that share one dict of 5,000 callers."""
    callers = b"".join(b")\x03z\x01bi" + n.to_bytes(4, "little") + b"z\x01gi\1\0\0\0" for n in range(5000))
    functions = b"".join(b")\x03z\x01ai" + n.to_bytes(4, "little") + b"z\x01fr\0\0\0\0" for n in range(2, 5000))
    return b"{" + FUNCTION + b"\xa9\x05" + NUMBERS + b"{" + callers + b"0" + functions + b"0"


def message(*fields):
    """Of protocol buffers, and of what pprof has to have at least."""
    texts = b"".join(field(6, text) for text in (b"", b"samples", b"count"))
    return field(1, field(1, 1) + field(2, 2)) + texts + b"".join(fields)


def one_row_each(n):
    """n functions of a name and a location each."""
    return b"".join(field(5, field(1, i) + field(5, i)) + field(4, field(1, i) + field(4, field(1, i)))
                    for i in range(1, n + 1))


def other_paths(size, depth=64):
    """Numbers below 64, `size` of them, which seldom begin twice in the same way."""
    state = 1
    for _ in range(size // depth):
        path = bytearray()
        for _ in range(depth):
            state = state * 1103515245 + 12345 & 0x7FFFFFFF
            path.append((state >> 16) % 63 + 1)
        yield bytes(path)


def sampled(path):
    return field(2, field(1, path) + field(2, 1))


def arcs(n):
    """Of n functions to n others, in callgrind's format."""
    call = b"".join(b"cfn=(%d)\ncalls=1 1\n1\n" % i for i in range(n))
    return b"# callgrind format\nevents: x\n" + b"".join(b"fn=(%d) %x\n" % (i, i) for i in range(n)) + \
        b"".join(b"fn=(%d)\n" % i + call for i in range(n))


BOMBS = {
    "empty texts": lambda: message(b"\x32\x00" * 2_000_000),
    "empty functions": lambda: message(b"\x2a\x00" * 2_000_000),
    "empty locations": lambda: message(b"\x22\x00" * 2_000_000),
    "empty lines": lambda: message(field(4, b"\x08\x01" + b"\x22\x00" * 4_000_000)),
    "comments": lambda: message(field(13, bytes(4_000_000))),
    "a path": lambda: message(one_row_each(1), sampled(b"\x01" * 2_000_000)),
    "other paths": lambda: message(one_row_each(64), *map(sampled, other_paths(1_500_000))),
    "other paths, packed": lambda: gzip.compress(
        message(one_row_each(64), *map(sampled, other_paths(1_500_000)))),
    "functions": lambda: message(one_row_each(120_000)),
    "other stacks": lambda: b"".join(b";".join(b"%c" % (c + 63) for c in path) + b" 1\n"
                                     for path in other_paths(1_500_000)),
    "stacks of their own": lambda: b"".join(b"%x;a%x;b%x 1\n" % (n, n, n) for n in range(60_000)),
    "arcs": lambda: arcs(500),
    "a frame each": lambda: SPEEDSCOPE.replace(b'"profiles":', b'"shared":{"frames":[') +
    b",".join(b'{"name":"%x"}' % n for n in range(150_000)) + b']},"profiles":[]}',
    "rows of one reference": lambda: b"{)\x03\xfa\x01ai\0\0\0\0r\0\0\0\0\xa9\x05" + NUMBERS + b"{0" +
    b"".join(b")\x03r\0\0\0\0i" + n.to_bytes(4, "little") + b"r\0\0\0\0r\1\0\0\0" for n in range(1, 250_000)) +
    b"0",
    "references": shared_callers,
    "a dict in itself": lambda: b"\xfb" + FUNCTION + b")\x05" + NUMBERS + b"r\0\0\0\0" + b"0",
    "4 GB of text": lambda: b"{)\x03u\xff\xff\xff\xff" + b"x" * 1000,
    "4 GB of items": lambda: b"{(\xff\xff\xff\xff" + b"N" * 1000,
    "deep marshal": lambda: b"{" + b")\x01" * 500_000,
    "gzip": lambda: gzip.compress(b"\0" * 100_000_000, 1),
    "gzip of gzip": lambda: gzip.compress(gzip.compress(b"\0" * 100_000_000)),
    "deep JSON": lambda: SPEEDSCOPE + b"[" * 1_000_000,
    "deep JSON in what is skipped": lambda: SPEEDSCOPE.replace(b"profiles", b"other") + b'{"a":[' * 500_000,
    "frames": lambda: SPEEDSCOPE + b'[{"samples":[[' + b"0," * 1_000_000 + b'0]],"weights":[1]}],'
    b'"shared":{"frames":[{"name":"a"}]}}',
    "opened frames": lambda: SPEEDSCOPE + b'[{"events":[' + b'{"type":"O","frame":0,"at":0},' * 200_000 +
    b'{}]}],"shared":{"frames":[{"name":"a"}]}}',
    "one stack": lambda: b"a;" * 1_000_000 + b"a 1\n",
    "files of lines": lambda: b"events: x\nfl=a\nfn=f\n" + b"".join(b"fi=%x\n1\n" % n for n in range(500_000)),
    "numbers of a file": lambda: b"events: x\n" + b"".join(b"fl=(%d) a\n" % n for n in range(1_000_000)),
    "events": lambda: b"# callgrind format\nevents: " + b"x " * 1_000_000,
    "a number": lambda: b"# callgrind format\nevents: x\nfn=f\n1 " + b"9" * 1_000_000,
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs(work, name):
    content = BOMBS[name]()
    (work.path / "bomb").write_bytes(content)
    for args in ["show", "bomb"], ["merge", "bomb", "-o", "x"]:
        status, said, memory = run_measured(work, *args)
        assert status == 2, (args, said)
        assert said.startswith("cprof: bomb: ") and said.count("\n") == 1, said
        # Sanitizers keep memory of their own.
        if "san-" not in os.path.realpath(CPROF):
            assert memory < len(content) + (64 << 20), (args, memory)
    assert os.listdir(str(work.path)) == ["bomb"]


def nested(n):
    """A call in a call in a call, each with time of its own: n * n / 2 frames in stacks."""
    frames = ",".join('{"name":"%s%d"}' % ("x" * 100, i) for i in range(n))
    events = ",".join('{"type":"O","frame":%d,"at":%d}' % (i, i) for i in range(n)) + "," + \
        ",".join('{"type":"C","frame":%d,"at":%d}' % (i, 2 * n - i) for i in reversed(range(n)))
    return SPEEDSCOPE + ('[{"events":[%s]}],"shared":{"frames":[%s]}}' % (events, frames)).encode()


def test_an_export_far_larger_than_its_input(work):
    """It is not kept in memory, and where it ends too early nothing is left of it."""
    (work.path / "bomb").write_bytes(nested(1400)) # 100 MB
    args = ["export", "bomb", "--to", "collapsed"]
    status, said, memory = run_measured(work, *args)
    assert (status, said) == (0, "")
    if "san-" not in os.path.realpath(CPROF):
        assert memory < 64 << 20, memory
    said = work.refused(*args, "-o", "out", preexec_fn=lambda: (
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))))
    assert said == "cprof: out: File too large"
    assert os.listdir(str(work.path)) == ["bomb"]
    assert work.refused(*args, "-o", "/dev/full") == "cprof: /dev/full: No space left on device"


# --- a sampling profiler's file is no bad input, but has less in it

def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def sampled_pprof(weights, main="main", work="work", file="app.py", kind="cpu", unit="nanoseconds"):
    """What py-spy would write of main calling work: (main alone, in work) in samples."""
    strings = ["", "samples", "count", kind, unit, main, work, file]
    out = field(1, field(1, 1) + field(2, 2)) + field(1, field(1, 3) + field(2, 4))
    for stack, weight in zip([[1], [2, 1]], weights): # leaf first
        out += field(2, field(1, b"".join(map(varint, stack))) +
                     field(2, varint(weight) + varint(weight * 10000000)))
    for number, name in (1, 5), (2, 6):
        out += field(4, field(1, number) + field(4, field(1, number) + field(2, 3)))
        out += field(5, field(1, number) + field(2, name) + field(3, name) + field(4, 7) +
                     field(5, 3))
    return gzip.compress(out + b"".join(field(6, s.encode()) for s in strings))


def test_sampled_profiles_have_no_calls(work):
    (work.path / "one.pb.gz").write_bytes(sampled_pprof([3, 7]))
    (work.path / "two.pb.gz").write_bytes(sampled_pprof([3, 20]))
    shown = work.ok("show", "one.pb.gz")
    assert "sampled: there are no call counts" in shown.out and "ncalls" not in shown.out
    functions = {f["name"]: f for f in work.ok("show", "--json", "one.pb.gz").json["functions"]}
    # 10 ms a sample: main 3 alone and 7 in work, of 100 ms.
    assert functions["main"]["calls"] is None
    assert (functions["main"]["tottime"], functions["main"]["cumtime"]) == (30000000, 100000000)
    assert functions["work"]["tottime"] == 70000000
    assert " work " in work.ok("show", "--tree", "one.pb.gz").out
    result = work.ok("diff", "--exit-code", "one.pb.gz", "two.pb.gz")
    assert "There are no counts of calls to compare." in result.out
    (request,) = work.ok("diff", "--json", "one.pb.gz", "two.pb.gz").json["requests"]
    row = request["functions"][0]
    assert row["name"] == "work" and row["calls"] is None and row["self"]["delta"] == 130000000


def test_sampled_and_traced_are_not_compared(archive):
    (archive.path / "one.pb.gz").write_bytes(sampled_pprof([3, 7]))
    assert archive.refused("diff", "one.pb.gz", "old/" + RUN) == \
        "cprof: diff: a sampled profile and a traced one cannot be compared"
