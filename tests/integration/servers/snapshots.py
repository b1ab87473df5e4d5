"""What the middleware left on the disk."""
import gzip
import io
import json
import os
import pstats
import re
import stat

FILES = {"profile.prof", "callstack.txt", "profile.kgrind", "profile.pb.gz", "snapshot.json"}
NAME = re.compile(r"(?P<method>[^.]+)\.(?P<route>.+)\.(?P<ms>\d{6,})ms(?:\.\d+)?")


class Snapshot:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        self.request = NAME.fullmatch(self.name).group("method", "route")
        with open(os.path.join(path, "snapshot.json")) as file:
            self.manifest = json.load(file)

    def file(self, name):
        return os.path.join(self.path, name)

    def stats(self):
        return pstats.Stats(self.file("profile.prof"), stream=io.StringIO())

    def calls(self):
        """Calls by function name; names are unique in served_app."""
        return {name: calls[1] for (_, _, name), calls in self.stats().stats.items()}

    def check(self):
        """It is whole, and nobody else may read it."""
        assert set(os.listdir(self.path)) == FILES
        assert stat.S_IMODE(os.stat(self.path).st_mode) == 0o700
        stats = self.stats()
        assert stats.total_calls >= 1
        with gzip.open(self.file("profile.pb.gz")) as file:
            assert file.read()
        with open(self.file("callstack.txt")) as file:
            head = [file.readline() for _ in range(3)]
        assert head[2].split()[0] == str(stats.total_calls)
        with open(self.file("profile.kgrind")) as file:
            assert file.readline() == "# callgrind format\n"
        manifest = self.manifest
        assert manifest["schema"] == 1
        assert (manifest["lost"], manifest["folded"], manifest["interrupted"]) == (0, 0, False)
        # All that is measured lies below the request's wall time.
        wall = manifest["wall_seconds"]
        assert stats.total_tt <= wall + 1e-6
        # The CPU clock is read beside the other one at each block. A millisecond is less
        # than a first request's imports, which are not the application's.
        if not manifest["path"].startswith("/endless"):
            assert manifest["cpu_seconds"] <= wall * 1.01 + 0.001


class Run:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        with open(os.path.join(path, "run.json")) as file:
            self.json = json.load(file)
        self.snapshots = [Snapshot(os.path.join(path, name)) for name in sorted(os.listdir(path))
                          if not name.startswith(".") and name != "run.json"]

    def counts(self):
        """Sums over all processes: seen, kept, dropped."""
        rows = self.json["processes"]
        return tuple(sum(row[key] for row in rows) for key in ("seen", "kept", "dropped"))

    def hidden(self):
        return [name for name in os.listdir(self.path) if name.startswith(".") and name != ".lock"]

    def check(self):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d(\.\d+)?", self.name)
        assert stat.S_IMODE(os.stat(self.path).st_mode) == 0o700
        for snapshot in self.snapshots:
            snapshot.check()
        # What one process served is numbered without gaps.
        by_pid = {}
        for snapshot in self.snapshots:
            by_pid.setdefault(snapshot.manifest["pid"], []).append(snapshot.manifest["served_before"])
        for pid, numbers in by_pid.items():
            assert sorted(numbers) == list(range(len(numbers))), pid


def run_paths(archive):
    if not os.path.isdir(archive):
        return []
    return [os.path.join(archive, name) for name in sorted(os.listdir(archive))
            if not name.startswith(".")]


def only_run(archive):
    """The archive's run, which is to be the only one."""
    paths = run_paths(archive)
    assert len(paths) == 1, paths
    return Run(paths[0])


def count_snapshots(archive):
    return sum(not name.startswith(".") and name != "run.json"
               for path in run_paths(archive) for name in os.listdir(path))
