"""An archive as the tests look at it: plain folders and files."""

import json
import marshal
import os

from ext_pprof import PProf

import cprof

FILES = ["callstack.txt", "profile.kgrind", "profile.pb.gz", "profile.prof", "snapshot.json"]


class Snapshot:
    def __init__(self, path):
        self.path = str(path)
        self.name = os.path.basename(self.path)
        self.run = os.path.basename(os.path.dirname(self.path))

    def read(self, name):
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    @property
    def json(self):
        return json.loads(self.read("snapshot.json"))

    @property
    def stats(self):
        """{(file, line, name): (cc, nc, tt, ct, callers)}"""
        return marshal.loads(self.read("profile.prof"))

    @property
    def pprof(self):
        return PProf(self.read("profile.pb.gz"))

    def calls(self):
        """{name: calls}, builtins as pstats has them."""
        calls = {}
        for (_, _, name), row in self.stats.items():
            calls[name] = calls.get(name, 0) + row[1]
        return calls


class Archive:
    def __init__(self, path, mode=None):
        self.path = str(path)
        self.mode = mode  # of the middlewares, unless they are told another

    def wrap(self, app, **options):
        if self.mode is not None:
            options.setdefault("mode", self.mode)
        return cprof.CProfMiddleware(app, directory=self.path, **options)

    def runs(self):
        if not os.path.isdir(self.path):
            return []
        return sorted(name for name in os.listdir(self.path) if not name.startswith("."))

    def snapshots(self):
        """Oldest start first."""
        assert cprof.flush(30)
        found = [Snapshot(os.path.join(self.path, run, name)) for run in self.runs()
                 for name in os.listdir(os.path.join(self.path, run))
                 if not name.startswith(".") and name != "run.json"]
        return sorted(found, key=lambda snapshot: snapshot.json["start"])

    def names(self):
        """METHOD.route of each, without the milliseconds."""
        return [snapshot.name.rsplit("ms", 1)[0].rsplit(".", 1)[0]
                for snapshot in self.snapshots()]

    def one(self):
        snapshots = self.snapshots()
        assert len(snapshots) == 1, [snapshot.name for snapshot in snapshots]
        return snapshots[0]

    def run_json(self):
        assert cprof.flush(30)
        (run,) = self.runs()
        with open(os.path.join(self.path, run, "run.json")) as file:
            return json.load(file)
