"""What the command costs beside the programs it stands for: CPU time from start to end
of all processes, in turns, and what they made compared. inputs.py says what small,
medium and large are.

    bench/run tool [--rounds N] [--only TITLE] [--no-10000]
"""
import argparse
import glob
import marshal
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import inputs
import runs

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = sys.executable
PEERS = [PYTHON, os.path.join(HERE, "peers.py")]
SPEND = os.path.join(os.environ.get("BUILD", "build"), "release", "bench", "spend")


class Cost:
    def __init__(self, cpu_ms, peak_mb):
        self.cpu_ms, self.peak_mb = cpu_ms, peak_mb


def run(command, out):
    """Its standard output goes to `out`. A word "|" is a pipe."""
    if "|" in command:
        command = ["sh", "-c", " ".join(word if word == "|" else shlex.quote(word) for word in command)]
    done = subprocess.run([SPEND, out] + command, stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit("bench: %s ended with %d" % (" ".join(command[:6]), done.returncode))
    cpu_us, peak_kb = map(int, done.stdout.split())
    return Cost(cpu_us / 1e3, peak_kb / 1024)


# --- whether two outputs are one

def content(path):
    with open(path, "rb") as file:
        return file.read()


def same_bytes(theirs, ours):
    return "the same bytes" if content(theirs) == content(ours) else None


def same_stats(theirs, ours):
    """Floats to the last bit, and in the same order."""
    one, other = marshal.loads(content(theirs)), marshal.loads(content(ours))
    if one != other or list(one) != list(other):
        return None
    callers = all(list(one[key][4]) == list(other[key][4]) for key in one)
    return "equal, in the same order" if callers else None


def dot_graph(path):
    """({label: attributes of a node}, {(label, label): attributes})"""
    attribute = r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s,\]]+)'
    nodes, names, edges = {}, {}, {}
    for line in content(path).decode().splitlines():
        edge = re.match(r'\s*"?([^"\s]+)"? -> "?([^"\s]+)"? \[(.*)\];', line)
        node = re.match(r'\s*"?([^"\s]+)"? \[(.*)\];', line)
        if edge:
            edges[edge.group(1), edge.group(2)] = dict(re.findall(attribute, edge.group(3)))
        elif node and node.group(1) not in ("graph", "node", "edge"):
            names[node.group(1)] = attributes = dict(re.findall(attribute, node.group(2)))
            nodes[attributes["label"], attributes.get("tooltip")] = attributes
    return nodes, {(names[a]["label"], names[a].get("tooltip"), names[b]["label"], names[b].get("tooltip")): of
                   for (a, b), of in edges.items()}


def same_graph(theirs, ours):
    one, other = dot_graph(theirs), dot_graph(ours)
    return "equal as a graph" if one == other and one[0] else None


def is_png(theirs, ours):
    one, other = os.path.getsize(theirs), os.path.getsize(ours)
    pictures = all(content(path).startswith(b"\x89PNG") for path in (theirs, ours))
    return "file %.2f of theirs" % (other / one) if pictures else None


def any_output(theirs, ours):
    return "-"


# --- the jobs

class Job:
    """`peer` and `ours` make a command of (input, where its output is to go): what they
    write to standard output lands there too."""

    def __init__(self, title, peer_name, peer, ours, judge, least, rounds=None):
        self.title, self.peer_name, self.peer, self.ours = title, peer_name, peer, ours
        self.judge, self.least, self.rounds = judge, least, rounds


def gprof2dot_png(x, out):
    return ["gprof2dot", "-f", "pstats", x, "|", "dot", "-Tpng", "-o", out]


def all_jobs(prof, requests, full):
    sizes = inputs.SIZES
    jobs = [
        Job("callstack text", "pstats in a script",
            lambda x, out: PEERS + ["callstack", x],
            lambda x, out: ["cprof", "export", x, "--to", "callstack"],
            same_bytes, dict(zip(sizes, (40, 30, 15)))),
        Job("the same by show", "pstats in a script",
            lambda x, out: PEERS + ["callstack", x],
            lambda x, out: ["cprof", "show", x, "--sort", "time,name"],
            same_bytes, dict(zip(sizes, (40, 30, 15)))),
        Job("callgrind", "pyprof2calltree",
            lambda x, out: ["pyprof2calltree", "-i", x, "-o", out],
            lambda x, out: ["cprof", "export", x, "--to", "callgrind", "--compat",
                            "pyprof2calltree", "-o", out],
            same_bytes, dict(zip(sizes, (40, 25, 20)))),
        Job("dot text, gprof2dot theme", "gprof2dot",
            lambda x, out: ["gprof2dot", "-f", "pstats", x, "-o", out],
            lambda x, out: ["cprof", "render", "--theme", "gprof2dot", "--format", "dot", "-o", out, x],
            same_graph, dict.fromkeys(sizes, 30)),
        Job("gprof2dot's picture as PNG", "gprof2dot | dot", gprof2dot_png,
            lambda x, out: ["cprof", "render", "--theme", "gprof2dot", "-o", out, x],
            is_png, dict(zip(sizes, (8, 4, 8))), rounds=7),
        Job("own picture as PNG, as many nodes", "gprof2dot | dot", gprof2dot_png,
            lambda x, out: ["cprof", "render", "--nodes", "0", "-o", out, x],
            is_png, dict.fromkeys(sizes, 14), rounds=7),
        Job("default picture as PNG", "gprof2dot | dot", gprof2dot_png,
            lambda x, out: ["cprof", "render", "-o", out, x],
            is_png, dict.fromkeys(sizes, 20), rounds=7),
        Job("merge", "pstats.Stats(*files)",
            lambda x, out: PEERS + ["merge", out] + requests * (x // len(requests)),
            lambda x, out: ["cprof", "merge", "-o", out] + requests * (x // len(requests)),
            same_stats, dict.fromkeys([1000] + [10000] * full, 50), rounds=3),
        Job("start of a text command", "python -c pass",
            lambda x, out: [PYTHON, "-c", "pass"], lambda x, out: ["cprof"] + x.split(),
            any_output, dict.fromkeys(["version", "help", "show --help"], 15)),
    ]
    return [job for job in jobs if is_there(job)]


def is_there(job):
    """Whether the peer is installed."""
    missing = [word for word in re.findall(r"[a-z0-9]+", job.peer_name)
               if word in ("gprof2dot", "dot", "pyprof2calltree") and not shutil.which(word)]
    if missing:
        print("%s is not installed here: %s is left out\n" % (missing[0], job.title))
    return not missing


def measure(job, size, source, rounds, folder):
    outs = [os.path.join(folder, name) for name in ("theirs", "ours")]
    commands = [job.peer(source, outs[0]), job.ours(source, outs[1])]
    written = [out if out in command else os.devnull for out, command in zip(outs, commands)]
    printed = [out if at == os.devnull else os.devnull for out, at in zip(outs, written)]
    costs = [[], []]
    for round in range(rounds + (rounds > 1)):  # the first is not counted
        for which, command in enumerate(commands):
            if os.path.exists(outs[which]):
                os.unlink(outs[which])  # a file system may have its own cost for replacing
            cost = run(command, printed[which])
            if round or rounds == 1:
                costs[which].append(cost)
    verdict = job.judge(*outs)
    for out in outs:
        os.unlink(out)
    theirs, ours = (statistics.median(cost.cpu_ms for cost in each) for each in costs)
    peaks = [max(cost.peak_mb for cost in each) for each in costs]
    print("| %s, %s | %.1f | %.2f | **%.1f** | %d | %.0f, %.1f | %s |" % (
        job.title, size, theirs, ours, theirs / ours, job.least[size], *peaks, verdict or "DIFFERENT"))
    sys.stdout.flush()
    return verdict is not None


RUN = "a run of 200 snapshots, wall time on %d cores" % len(os.sched_getaffinity(0))


def measure_run(requests, folder):
    """All pictures of a run, drawn at once; by the peer one after the other, of which every
    twentieth is measured."""
    pictures = requests[:200]
    for number, path in enumerate(pictures):
        snapshot = os.path.join(folder, "run", "GET.p%03d.000010ms" % number)
        os.makedirs(snapshot)
        shutil.copy(path, os.path.join(snapshot, "profile.prof"))
    start = time.monotonic()
    for path in pictures[::20]:
        run(gprof2dot_png(path, os.path.join(folder, "theirs")), os.devnull)
    theirs = (time.monotonic() - start) * 20
    start = time.monotonic()
    cost = run(["cprof", "render", "--dir", folder], os.devnull)
    ours = time.monotonic() - start
    drawn = len(glob.glob(os.path.join(folder, "run", "*", "dot.png")))
    print("| %s | %.0f | %.0f | **%.1f** | 35 | , %.1f | %d pictures |" % (
        RUN, theirs * 1e3, ours * 1e3, theirs / ours, cost.peak_mb, drawn))


PAIR = "two runs of 200 snapshots of 1,000 functions compared, wall time on %d cores" % len(os.sched_getaffinity(0))


def measure_pair(kept, folder, rounds):
    """Request by request and function by function; the peer adds up each run, no more."""
    pair = runs.make(os.path.join(kept, "runs"), 200)
    files = [sorted(glob.glob(os.path.join(path, "*", "profile.prof"))) for path in pair]
    start = time.monotonic()
    for paths in files:
        run(PEERS + ["merge", os.path.join(folder, "theirs")] + paths, os.devnull)
    theirs = time.monotonic() - start
    ours, costs = [], []
    for _ in range(rounds):
        start = time.monotonic()
        costs.append(run(["cprof", "diff"] + pair, os.path.join(folder, "ours")))
        ours.append(time.monotonic() - start)
    wall, cpu = statistics.median(ours), statistics.median(cost.cpu_ms for cost in costs)
    found = b"make more calls" in content(os.path.join(folder, "ours"))
    print("| %s | %.0f | %.0f | **%.1f** | under 500 ms, 200 MB | , %.1f | %s; CPU %.0f ms |" % (
        PAIR, theirs * 1e3, wall * 1e3, theirs / wall, max(cost.peak_mb for cost in costs),
        "the change is found" if found else "NOT FOUND", cpu))
    return found


def request_profiles(folder, n):
    """Of as many Flask requests, one after the other."""
    os.makedirs(folder, exist_ok=True)
    if len(glob.glob(os.path.join(folder, "*.prof"))) < n:
        subprocess.run([PYTHON, os.path.join(HERE, "inputs.py"), folder, "requests:%d" % n], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return sorted(glob.glob(os.path.join(folder, "*.prof")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", default="")
    parser.add_argument("--no-10000", dest="full", action="store_false",
                        help="leave out the sum of 10,000 profiles: pstats takes minutes for it")
    options = parser.parse_args()
    kept = os.path.join(os.environ.get("BUILD", "build"), "bench-inputs", "%d.%d" % sys.version_info[:2])
    os.makedirs(kept, exist_ok=True)
    prof = inputs.make(kept)
    wants_run = options.only in RUN and shutil.which("gprof2dot") and shutil.which("dot")
    requests = []
    if options.only in "merge" or wants_run:
        requests = request_profiles(os.path.join(kept, "requests"), 1000)
    print("\n## The command beside others\n\nCPython %s, load %.1f: medians of rounds in turns, CPU ms\n"
          % (sys.version.split()[0], os.getloadavg()[0]))
    for size, path in prof.items():
        stats = marshal.loads(content(path))
        print("%s: %d functions, %d arcs  " % (size, len(stats), sum(len(row[4]) for row in stats.values())))
    print("\n| job | peer | cprof | x less | wanted | peak MB | output |\n|---|---|---|---|---|---|---|")
    same = True
    with tempfile.TemporaryDirectory() as folder:
        for job in all_jobs(prof, requests, options.full):
            for size in job.least if options.only in job.title else []:
                rounds = min(options.rounds, job.rounds or options.rounds)
                same = measure(job, size, prof.get(size, size), rounds, folder) and same
        if wants_run:
            measure_run(requests, os.path.join(folder, "archive"))
        if options.only in PAIR:
            same = measure_pair(kept, folder, options.rounds) and same
    sys.exit(0 if same else "bench: outputs differ")


if __name__ == "__main__":
    main()
