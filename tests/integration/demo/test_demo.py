"""What `make demo` shows, run and judged by its own checks; and the example's routes."""
import os
import re
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def test_demo_finds_the_query_too_many(tmp_path):
    done = subprocess.run([sys.executable, os.path.join(TOP, "examples", "demo.py"),
                           str(tmp_path / "work")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    assert done.returncode == 0, done.stdout
    # What a reader sees: one request named as changed, and in it the query.
    changed = re.findall(r"^more calls +(.*?)  ", done.stdout, re.MULTILINE)
    assert changed == ["GET /user/{id}"]
    assert re.search(r"^ *1 +21 +\+20 .* query ", done.stdout, re.MULTILINE)
