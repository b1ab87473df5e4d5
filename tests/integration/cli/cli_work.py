"""Archives made by hand from what cProfile dumps, and the command to read them with."""
import cProfile
import ctypes
import json
import os
import pathlib
import shutil
import subprocess

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[3]


def find_cprof():
    named = os.environ.get("CPROF_BIN")
    return named or shutil.which("cprof") or str(ROOT / "build/release/bin/cprof")


CPROF = find_cprof()
# Only a command built with SAN=address looks at it.
LSAN = "suppressions=%s:print_suppressions=0" % (pathlib.Path(__file__).parent / "leaks.supp")


class Result:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout.decode("utf-8", "surrogateescape")
        self.err = process.stderr.decode("utf-8", "surrogateescape")

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return "exit status %d\n--- out\n%s--- err\n%s" % (self.status, self.out, self.err)


VALIDATORS = {}


def validate(command, document):
    """By the schema that is installed for what the command prints with --json."""
    if command not in VALIDATORS:
        schema = json.loads((ROOT / "tools/schema" / (command + ".json")).read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        VALIDATORS[command] = jsonschema.Draft202012Validator(schema)
    VALIDATORS[command].validate(document)


class Work:
    """A folder with an archive in it, and the command run there."""

    def __init__(self, path):
        self.path = path
        self.archive = path / "profiling"

    def cprof(self, *args, env=None, **options):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("CPROF", "LD_PRELOAD")) and name != "NO_COLOR"}
        environment.update({"LC_ALL": "C.UTF-8", "TERM": "xterm", "LSAN_OPTIONS": LSAN}, **(env or {}))
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("cwd", str(self.path))
        process = subprocess.run([CPROF] + [str(arg) for arg in args],
                                 env=environment, stdin=subprocess.DEVNULL, timeout=120,
                                 **{"check": False, **options})
        process.stdout = process.stdout or b""
        process.stderr = process.stderr or b""
        result = Result(process)
        if "--json" in args and process.stdout:
            validate(args[0], result.json)
        return result

    def ok(self, *args, **options):
        result = self.cprof(*args, **options)
        assert result.status == 0, result
        assert result.err == "", result
        return result

    def refused(self, *args, **options):
        """Runs what must fail: status 2, nothing on stdout, one line that is returned."""
        result = self.cprof(*args, **options)
        assert result.status == 2, result
        assert result.out == "", result
        lines = result.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("cprof: "), result
        return lines[0]

    def snapshot(self, run, name, profile, route="/", status="200 OK", wall_ms=5,
                 start="2026-11-21T18:20:37.000000001+01:00", method="GET", **members):
        """profiling/RUN/NAME with a profile.prof and a snapshot.json."""
        folder = self.archive / run / name
        folder.mkdir(parents=True)
        profile.dump_stats(str(folder / "profile.prof"))
        manifest = {
            "schema": 1, "method": method, "route": route, "route_is_template": "{" in route,
            "path": route, "status": status, "start": start, "wall_seconds": wall_ms / 1000,
            "cpu_seconds": wall_ms / 1000, "host": "host", "python": "3.11.7", "pid": 1,
            "mode": "exact", "events": 10, "lost": 0,
        }
        manifest.update(members)
        (folder / "snapshot.json").write_text(json.dumps(manifest))
        return folder


def obey_permissions():
    """In a child before exec: root, too, must ask the permission bits."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in 1, 2: # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            if libc.prctl(24, capability, 0, 0, 0) != 0: # PR_CAPBSET_DROP
                raise OSError(ctypes.get_errno(), "prctl")


def load(n):
    return [abs(number) for number in range(n)]


def profile_of(function, *args):
    profile = cProfile.Profile()
    profile.enable()
    function(*args)
    profile.disable()
    profile.create_stats()
    return profile
