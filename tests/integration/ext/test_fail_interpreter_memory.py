"""Each allocation of the interpreter fails once while a request is profiled."""

import pytest

pytest.importorskip("_testcapi")

SCRIPT = """
import logging, sys
logging.disable(logging.CRITICAL)
import _testcapi
from ext_archive import Archive
from ext_client import environ_for
import cprof

def leaf(n):
    return n

def work():
    return leaf(1), leaf(2), len("x"), leaf(len("y"))

def app(environ, start_response):
    work()
    start_response("200 OK", [])
    return BODY

BODY = [b"x"]
archive = Archive("failing")
options = {"metrics": ["cpu", "vcsw"]} if sys.argv[1] == "metrics" else {"mode": sys.argv[1]}
middleware = archive.wrap(app, **options)
NS = range(150)
environs = [environ_for(**{"cprof.label": "label"}) for _ in NS]
answers = []

def start_response(*args):
    pass

def serve(n, environ):
    result = None
    _testcapi.set_nomemory(n, n + 1)
    try:
        result = middleware(environ, start_response)
    except MemoryError:
        pass
    finally:
        _testcapi.remove_mem_hooks()
    answers.append(result is BODY)

for n in NS:
    serve(n, environs[n])
snapshots = archive.snapshots()
expected = snapshots[-1].calls()
assert expected["leaf"] == 3 and expected["app"] == 1 and snapshots[-1].json["lost"] == 0, expected
assert ("<built-in method builtins.len>" in expected) == (sys.argv[1] in ("exact", "metrics"))
total = sum(expected.values())
# What failed was the application's own at times, with or without the middleware.
assert answers.count(False) < 20 and all(answers[100:])
assert len(snapshots) > len(NS) - 40, "most of them were profiled"
for snapshot in snapshots:
    if answers[snapshot.json["served_before"]] and snapshot.json["lost"] == 0:
        assert sum(snapshot.calls().values()) == total, (snapshot.name, snapshot.calls())
labels = [snapshot.json.get("label") for snapshot in snapshots]
assert set(labels) <= {None, "label"} and labels.count(None) < 10 and labels[-1], labels
"""


def in_file(in_process, tmp_path, script, argument):
    """With a name of its own: app mode asks where code lies."""
    (tmp_path / "script.py").write_text(script)
    in_process("import runpy, sys; sys.argv[1:] = [%r]; runpy.run_path('script.py')" % argument)


@pytest.mark.parametrize("what", ["exact", "fast", "app", "metrics"])
def test_requests(in_process, tmp_path, what):
    in_file(in_process, tmp_path, SCRIPT, what)


PROFILES = """
import _testcapi, sys
import cprof

def leaf(n):
    return n

def work():
    return leaf(1), leaf(2), len("x"), leaf(len("y"))

def calls(stats):
    return sum(row[1] for key, row in stats.items() if key[2] in ("leaf", "work"))

done = refused = 0
for n in range(300):
    profile = stats = None
    _testcapi.set_nomemory(n, n + 1)
    try:
        profile = cprof.Profile(mode=sys.argv[1])
        profile.enable()
        work()
        profile.disable()
        profile.create_stats()
        stats, lost = profile.stats, profile.lost
    except MemoryError:
        refused += 1
    finally:
        _testcapi.remove_mem_hooks()
        if profile is not None:
            profile.disable()
    if stats is not None:
        done += 1
        nameless = {key[2] for key in stats} & {"?", "<other functions>"}
        assert lost or calls(stats) == 4 or nameless, stats
assert refused > 5 and done > 100, (refused, done)
assert sys.getprofile() is None
"""


@pytest.mark.parametrize("mode", ["exact", "fast", "app"])
def test_profiles(in_process, tmp_path, mode):
    in_file(in_process, tmp_path, PROFILES, mode)
