"""Whether a gate can be trusted: it must refuse what makes a request worse, each time, and
nothing else, on a machine as noisy as this one is.

    trials.py commits [REPETITIONS]   the ten commits of tests/integration/push/ten_commits.py,
                                      20 times: five runs of 30 requests a side in turn, and what
                                      `cprof gate`, gprof2dot --compare and a plain limit of
                                      10 % on wall time say of each
    trials.py same [PAIRS]            50 pairs of one and the same commit, 30 requests a run,
                                      five runs a side in turn: false alarms
"""
import collections
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "tests", "integration", "push"))

import ten_commits  # noqa: E402

RUNS = 5


class Trees:
    """A work tree for each commit, as two checkouts on one machine."""

    def __init__(self, repository):
        self.repository, self.folders = repository, {}
        for name, commit in repository.commits.items():
            folder = "%s-%s" % (repository.path, name)
            repository.git("worktree", "add", "-q", "--detach", folder, commit)
            self.folders[name] = folder

    def run(self, name, archive, run):
        environment = dict(self.repository.environment, CPROF_DIR=archive, CPROF_RUN=run)
        suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_cprof",
                 "--cprof", "tests"]
        subprocess.run(suite, cwd=self.folders[name], env=environment, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cprof", "tag", "--force", "--repo", self.folders[name], os.path.join(archive, run)],
                       check=True, stdout=subprocess.DEVNULL)

    def take_turns(self, old, new, archive, runs=RUNS):
        for i in range(runs):
            pair = [(old, "old%02d" % i), (new, "new%02d" % i)]
            for name, run in pair if i % 2 else pair[::-1]:
                self.run(name, archive, run)


def snapshots(archive, run):
    folder = os.path.join(archive, run)
    for name in sorted(os.listdir(folder)):
        if os.path.exists(os.path.join(folder, name, "snapshot.json")):
            with open(os.path.join(folder, name, "snapshot.json")) as file:
                yield os.path.join(folder, name), json.load(file)


def gate(archive, old, new):
    done = subprocess.run(["cprof", "gate", "--json", "--dir", archive, old, new], stdout=subprocess.PIPE)
    if done.returncode not in (0, 1):
        sys.exit("trials: cprof gate ended with %d" % done.returncode)
    found = json.loads(done.stdout)
    assert (done.returncode == 1) == (found["verdict"] == "failed")
    return [finding for finding in found["findings"] if finding["verdict"] == "failed"]


def names(side, runs=RUNS):
    return ",".join("%s%02d" % (side, i) for i in range(runs))


def by_route(archive, run):
    """The snapshots of a run by route, those of the process' first such request left out."""
    found = collections.defaultdict(list)
    for path, manifest in snapshots(archive, run):
        found[manifest["route"]].append((manifest["start"], path, manifest["wall_seconds"]))
    return {route: sorted(them)[1:] for route, them in found.items()}


def wall_limit(archive):
    """What a limit of 10 % on the median wall time of one run a side says."""
    old, new = by_route(archive, "old00"), by_route(archive, "new00")
    return any(statistics.median(row[2] for row in new[route]) >
               1.1 * statistics.median(row[2] for row in old[route]) for route in new)


def compared(archive, folder):
    """How many functions gprof2dot --compare paints as slower, in the worst of the routes,
    between two requests of median time; it has no verdict of its own."""
    most = 0
    old, new = by_route(archive, "old00"), by_route(archive, "new00")
    for route in new:
        files = []
        for side in old, new:
            rows = sorted(side[route], key=lambda row: row[2])
            files.append(os.path.join(rows[len(rows) // 2][1], "profile.prof"))
        out = os.path.join(folder, "compared.dot")
        done = subprocess.run(["gprof2dot", "-f", "pstats", "--compare", "-o", out] + files,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            return None
        with open(out) as file:
            # Of one whose own share rose the label says "(0.04%) + 0.033%".
            most = max(most, sum("%) + " in line for line in file))
    return most


def shape(findings):
    """A finding in a few words: the rule, and who is to blame."""
    words = []
    for finding in findings:
        blamed = [row["function"] for row in finding["functions"]]
        words.append("%s: %s" % (finding["rule"]["text"], blamed[0] if blamed else "?"))
    return "; ".join(sorted(set(words)))


def commits(repetitions):
    place = tempfile.mkdtemp(prefix="cprof-trials-")
    repository = ten_commits.make(os.path.join(place, "shop"), requests=10)
    trees = Trees(repository)
    steps = [(ten_commits.ORDER[i], name) for i, name in enumerate(ten_commits.FINE)]
    steps += [("docs", name) for name in ten_commits.WORSE]
    alarms, walls, painted, said = (collections.defaultdict(list) for _ in range(4))
    wrong = 0
    for repetition in range(repetitions):
        for old, new in steps:
            archive = os.path.join(place, "profiling")
            trees.take_turns(old, new, archive)
            findings = gate(archive, names("old"), names("new"))
            alarms[new].append(bool(findings))
            said[new].append(shape(findings))
            named = any(ten_commits.CULPRIT[new] in row["function"] for finding in findings
                        for row in finding["functions"]) if new in ten_commits.WORSE else not findings
            if not named:
                wrong += 1
                print("%s: %s" % (new, shape(findings) or "no finding"), file=sys.stderr, flush=True)
            walls[new].append(wall_limit(archive))
            painted[new].append(compared(archive, place))
            shutil.rmtree(archive)
        print("repetition %d of %d: %d wrong so far" % (repetition + 1, repetitions, wrong), file=sys.stderr, flush=True)
    print("| commit | | `cprof gate` fails, of %d | what it says | a limit of 10 %% on wall fails | functions "
          "that gprof2dot --compare paints slower, least and most |\n|---|---|---|---|---|---|" % repetitions)
    for _, new in steps:
        counts = [count for count in painted[new] if count is not None]
        print("| %s | %s | %d | %s | %d | %s |" % (
            new, "worse" if new in ten_commits.WORSE else "", sum(alarms[new]),
            collections.Counter(said[new]).most_common(1)[0][0], sum(walls[new]),
            "%d–%d" % (min(counts), max(counts)) if counts else "it fails"))
    shutil.rmtree(place)
    return wrong


def same(pairs):
    place = tempfile.mkdtemp(prefix="cprof-trials-")
    repository = ten_commits.make(os.path.join(place, "shop"), requests=10)
    trees = Trees(repository)
    by_counts = by_time = 0
    for pair in range(pairs):
        archive = os.path.join(place, "profiling")
        trees.take_turns("docs", "docs", archive)
        findings = gate(archive, names("old"), names("new"))
        by_counts += any(finding["rule"]["kind"] != "time" for finding in findings)
        by_time += any(finding["rule"]["kind"] == "time" for finding in findings)
        shutil.rmtree(archive)
        print("pair %d of %d: %d by counts, %d by time so far" % (pair + 1, pairs, by_counts, by_time),
              file=sys.stderr, flush=True)
    print("| pairs of one commit | false alarms by counts | by time |\n|---|---|---|")
    print("| %d | %d | %d |" % (pairs, by_counts, by_time))
    shutil.rmtree(place)
    return by_counts or by_time > pairs // 25


if __name__ == "__main__":
    what, repeat = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None
    sys.exit(bool(commits(repeat or 20) if what == "commits" else same(repeat or 50)))
