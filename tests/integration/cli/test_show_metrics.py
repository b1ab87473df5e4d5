"""`show` of a profile that holds more than the time."""

import json
import subprocess
import sys

SCRIPT = """
import cprof, sys
def hoard():
    return [bytes(100) for _ in range(5000)]
def app(environ, start_response):
    start_response("200 OK", [])
    hoard()
    return []
middleware = cprof.CProfMiddleware(app, sys.argv[1], metrics=["cpu", "allocs", "alloc_bytes"])
middleware({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *args: None)
assert cprof.flush(30)
"""


def snapshot(work):
    archive = work.path / "profiling"
    subprocess.run([sys.executable, "-c", SCRIPT, str(archive)], check=True, timeout=60)
    (path,) = archive.glob("*/GET.*")
    return str(path)


def test_a_column_for_each(work):
    done = work.cprof("show", snapshot(work))
    head = next(line for line in done.out.splitlines() if "ncalls" in line)
    assert head.split() == ["ncalls", "tottime", "percall", "cumtime", "percall", "cpu", "allocs",
                            "alloc_bytes", "filename:lineno(function)"]
    row = next(line for line in done.out.splitlines() if line.endswith("(hoard)")).split()
    assert int(row[6]) >= 5000
    assert int(row[7]) >= 500000


def test_json(work):
    functions = json.loads(work.cprof("show", "--json", snapshot(work)).out)["functions"]
    hoard = next(f for f in functions if f["qualname"] == "hoard")
    assert hoard["metrics"]["allocs"]["cum"] >= 5000
    assert hoard["metrics"]["alloc_bytes"]["unit"] == "bytes"
    assert hoard["metrics"]["cpu"]["cum"] <= hoard["cumtime"] * 1.5 + 1000000
