"""cprof.run, cprof.runctx and python -m cprof, as `python -m cProfile` is used."""

import marshal
import os
import re
import subprocess
import sys

import pytest
from ext_archive import Archive

import cprof

SCRIPT = """
import os, pickle, sys
import __main__

class Thing:
    pass

def work(n):
    return sum(i for i in range(n))

if __name__ == "__main__":
    assert type(pickle.loads(pickle.dumps(Thing()))) is Thing
    assert sys.modules["__main__"] is __main__ and __main__.work is work
    assert sys.path[0] == os.path.dirname(sys.argv[0]), sys.path
    assert __builtins__ is sys.modules["builtins"] and __package__ is None
    print("arguments", sys.argv[1:], os.path.basename(__file__))
    work(10)
"""


@pytest.fixture
def command(tmp_path):
    (tmp_path / "load.py").write_text(SCRIPT)

    def run(*args, status=0, module="cprof", stdout=subprocess.PIPE, **environ):
        variables = {name: value for name, value in os.environ.items()
                     if not name.startswith("CPROF_")}
        done = subprocess.run([sys.executable, "-m", module, *args], cwd=str(tmp_path),
                              env=dict(variables, **environ), stdout=stdout,
                              stderr=subprocess.PIPE, universal_newlines=True, timeout=60)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done.stdout, done.stderr

    return run


def script(tmp_path, text, name="other.py"):
    (tmp_path / name).write_text(text)
    return name


def test_run_prints(capsys):
    cprof.run("len('x'); raise SystemExit(3)", sort="ncalls")
    out = capsys.readouterr().out
    assert "{built-in method builtins.len}" in out and "Ordered by: call count" in out
    cprof.runctx("f(1)", {"f": abs}, {}, sort=("tottime", "stdname"))
    out = capsys.readouterr().out
    assert "{built-in method builtins.abs}" in out
    assert "Ordered by: internal time, standard name" in out


def test_run_writes_and_lets_errors_through(tmp_path, capsys):
    path = str(tmp_path / "a.prof")
    with pytest.raises(ZeroDivisionError):
        cprof.run("len('x'); 1 / 0", path)
    cprof.runctx("n = len('xy')", {}, {}, filename=path)
    assert capsys.readouterr().out == ""
    with open(path, "rb") as file:
        assert ("~", 0, "<built-in method builtins.len>") in marshal.load(file)


def test_a_script(command):
    out, err = command("load.py", "-s", "x", "--archive")
    assert "arguments ['-s', 'x', '--archive'] load.py" in out
    assert re.search(r"^ +1 .* load\.py:8\(work\)$", out, re.M)
    assert "Ordered by: cumulative time" in out
    assert err == ""


def test_the_same_rows_as_cprofile(command, tmp_path):
    """But for what is the profiler's own."""
    plain = script(tmp_path, "def f(n):\n    return n and f(n - 1)\nf(3)\nsorted([2, 1], key=f)\n")
    tables = []
    for module in ("cProfile", "cprof"):
        command("-o", module + ".prof", plain, module=module)
        with open(str(tmp_path / (module + ".prof")), "rb") as file:
            stats = marshal.load(file)
        tables.append({key: (row[:2], {caller: arc[:2] for caller, arc in row[4].items()})
                       for key, row in stats.items() if "disable" not in key[2]})
    assert tables[0] == tables[1]


def test_a_module(command, tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "tool.py").write_text(
        "import sys\nfrom pkg import __path__\ndef main():\n    print(__name__, sys.argv)\nmain()\n")
    out, _ = command("-s", "ncalls", "-m", "pkg.tool", "-m", "a")
    assert "__main__ ['%s', '-m', 'a']" % os.path.join(os.path.realpath(str(tmp_path)), "pkg",
                                                       "tool.py") in out
    assert "tool.py:3(main)" in out and "Ordered by: call count" in out


@pytest.mark.parametrize("text, status, says", [
    ("import sys; sys.exit(3)", 3, ""),
    ("import sys; sys.exit()", 0, ""),
    ("import sys; sys.exit('wrong')", 1, "wrong"),
    ("raise SystemExit(True)", 1, ""),
    ("def f():\n    raise KeyError('theirs')\nf()", 1, "KeyError: 'theirs'"),
])
def test_how_the_program_ends_is_how_this_ends(command, tmp_path, text, status, says):
    out, err = command(script(tmp_path, text), status=status)
    assert says in err
    assert "function calls" in out


def test_a_file_where_the_program_goes_elsewhere(command, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    name = script(tmp_path, "import os; os.chdir('elsewhere'); print('there')")
    out, _ = command("-o", "a.prof", name)
    assert out == "there\n"
    assert (tmp_path / "a.prof").exists()
    out, _ = command("--archive", name)
    assert out == "there\n"
    assert len(Archive(tmp_path / "profiling").snapshots()) == 1


@pytest.mark.parametrize("mode, seen", [("exact", {"work", "len", "match"}),
                                        ("fast", {"work", "match"}), ("app", {"work"})])
def test_modes(command, tmp_path, mode, seen):
    name = script(tmp_path, "import re\ndef work():\n    return len('x'), re.match('a', 'a')\nwork()")
    out, _ = command("--mode", mode, name)
    found = {name for name in ("work", "len", "match")
             if re.search(r"\(%s\)$|builtins\.%s\}" % (name, name), out, re.M)}
    assert found == seen


def test_a_snapshot(command, tmp_path):
    out, err = command("--archive", "--mode", "fast", "load.py", "x")
    assert out.splitlines() == ["arguments ['x'] load.py"] and err == ""
    snapshot = Archive(tmp_path / "profiling").one()
    assert re.match(r"RUN\.load\.\d{6}ms$", snapshot.name)
    assert snapshot.calls()["work"] == 1
    json = snapshot.json
    assert (json["method"], json["route"], json["mode"]) == ("RUN", "/load", "fast")
    assert (json["ended"], json["exception"], json["status"]) == ("returned", None, None)
    assert 0 < json["wall_seconds"] < 60


def test_where_a_snapshot_goes(command, tmp_path):
    command("--archive", "-m", "timeit", "-n", "1", "1", CPROF_DIR="there", CPROF_RUN="mine")
    snapshot = Archive(tmp_path / "there").one()
    assert (snapshot.run, snapshot.json["route"]) == ("mine", "/timeit")


def test_a_snapshot_and_a_file_of_what_failed(command, tmp_path):
    name = script(tmp_path, "raise KeyError(1)", "odd name{}.py")
    command("--archive", "-o", "a.prof", name, status=1)
    assert (tmp_path / "a.prof").exists()
    snapshot = Archive(tmp_path / "profiling").one()
    assert snapshot.name.startswith("RUN.odd%20name%7B%7D.")
    assert (snapshot.json["ended"], snapshot.json["exception"]) == (
        "exception", "builtins.KeyError")


def test_help_and_version(command):
    out, _ = command("--help")
    for word in ("-o FILE", "-s KEY", "-m", "--mode", "--archive", "Examples:", "CPROF_DIR"):
        assert word in out
    assert all(len(line) <= 100 for line in out.splitlines())
    assert command("--version")[0] == "cprof %s\n" % cprof.__version__


@pytest.mark.parametrize("args, says", [
    ([], "Usage: python -m cprof"),
    (["-m"], "Usage: python -m cprof"),
    (["--archive"], "Usage: python -m cprof"),
    (["-s", "demo", "load.py"], "option -s: invalid choice: 'demo'"),
    (["--mode", "x", "load.py"], "option --mode: invalid choice: 'x'"),
    (["--nonsense", "load.py"], "no such option"),
    (["nowhere.py"], "can't open 'nowhere.py': No such file or directory"),
    ([".", "x"], "can't open '.': Is a directory"),
])
def test_what_it_cannot_do(command, args, says):
    _, err = command(*args, status=2)
    assert says in err and "Traceback" not in err


def test_a_script_that_is_none(command, tmp_path):
    _, err = command(script(tmp_path, "def f(:"), status=1)
    assert "SyntaxError" in err
    _, err = command("-m", "nowhere_to_be_found", status=1)
    assert "No module named nowhere_to_be_found" in err


def test_nobody_reads_on(command, tmp_path):
    """python -m cprof ... | head"""
    read, write = os.pipe()
    os.close(read)
    try:
        _, err = command("load.py", stdout=write, status=32)
    finally:
        os.close(write)
    assert "BrokenPipeError" not in err and "Exception ignored" not in err
