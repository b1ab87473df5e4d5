"""cprof gate over real runs of a small shop: counts, times, rules, baselines, reports."""
import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from cli_work import CPROF, Work
from test_tag import git

SERVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "serve_shop.py")
KINDS = ["base", "nplus1", "calls", "few", "library,fresh", "broken", "once"]
# Five runs a side that take turns, and five more after them.
TURNS = [name for i in range(5) for name in ("a%d=often" % i, "b%d=dear,often" % i,
                                                   "c%d=often" % i)]
LATE = ["d%d=often" % i for i in range(5)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    pytest.importorskip("cprof")
    folder = tmp_path_factory.mktemp("shop")
    runs = ["%s=%s" % (kinds.split(",")[0], kinds) for kinds in KINDS] + TURNS + LATE
    subprocess.run([sys.executable, SERVE, str(folder / "profiling")] + runs, check=True,
                   timeout=120)
    return Work(folder)


@pytest.fixture
def own(shop, tmp_path):
    """A folder with cprof.toml of its own, and the shop's archive."""
    work = Work(tmp_path)
    os.symlink(str(shop.archive), str(work.archive))
    work.rules = lambda text: (tmp_path / "cprof.toml").write_text(text)
    return work


def runs(letter):
    return ",".join("%s%d" % (letter, i) for i in range(5))


def failed(result):
    assert result.status == 1 and result.err == "", result
    return result


def test_one_more_query_for_each_item(shop):
    result = failed(shop.cprof("gate", "base", "nplus1"))
    lines = [line.strip() for line in result.out.splitlines()]
    assert lines[0] == "failed: 1 request of 2 is worse than at base, 1 run"
    assert "GET /item" in lines
    at = lines.index("SQL statements: 1 → 11 (+10); allowed: no more")
    assert lines[at + 1].startswith("sqlite3.Connection.execute: 1 → 11 (+10) calls, from ")
    assert "serve_shop:fetch (" in lines[at + 1]
    assert any(line.startswith("see: cprof show 'profiling/nplus1/GET.item.") for line in lines)
    # The other way round it is better, which nobody complains of.
    assert shop.ok("gate", "nplus1", "base").out.startswith("passed: no request of 2 is worse ")


@pytest.mark.parametrize("new, said", [
    ("base", ""),
    ("few", ""),
    ("library", "1 request is new."),
    ("broken", "SQL statements not judged of 1 request: on one side alone it ended in an error."),
    ("once", "on one side only the first of its kind in a process is there."),
])
def test_what_passes(shop, new, said):
    result = shop.ok("gate", "base", new)
    assert result.out.startswith("passed: no request ")
    assert said in result.out
    assert "wall not judged of " in result.out


def test_more_calls(shop):
    result = failed(shop.cprof("gate", "base", "calls", "--json")).json
    finding, = [f for f in result["findings"] if f["verdict"] == "failed"]
    assert finding["rule"] == {"text": "total calls: at most 10 % more", "kind": "total_calls",
                               "name": None, "line": 0}
    assert (finding["method"], finding["route"]) == ("GET", "/item")
    assert finding["new"] - finding["old"] == 60
    function, = finding["functions"]
    assert function["function"].endswith("serve_shop:price")
    assert function["calls"] == {"old": 200, "new": 260}
    assert function["from"]["function"].endswith("serve_shop:show")
    assert os.path.isdir(str(shop.path / finding["typical"]))
    assert result["failed"] == 1 and result["verdict"] == "failed" and result["rules"] is None
    assert result["passed"] + result["failed"] + result["skipped"] == len(result["findings"])
    assert result["baseline"]["runs"] == ["base"] and result["baseline"]["kept"] == 6


def test_time_that_is_proven(shop):
    result = failed(shop.cprof("gate", runs("a"), runs("b"), "--json")).json
    worse = {f["rule"]["text"].split(":")[0]: f for f in result["findings"] if f["verdict"] == "failed"}
    # What the wall clock proves is up to how busy the machine is.
    assert set(worse) - {"wall"} == {"cpu"}
    finding = worse["cpu"]
    assert finding["rule"]["kind"] == "time" and finding["route"] == "/item"
    assert 0.003 < finding["p"] < 0.01 and finding["new"] > finding["old"]
    assert finding["functions"][0]["function"].endswith("pbkdf2_hmac")
    assert finding["functions"][0]["calls"] == {"old": 1, "new": 1}
    assert finding["functions"][0]["dearer_calls_ns"] > 0
    # Identical code; and runs that were all made later than the others.
    assert "not judged" not in shop.ok("gate", runs("a"), runs("c")).out
    late = shop.ok("gate", runs("a"), runs("d")).out
    for metric in "wall", "cpu":
        assert metric + " not judged of 2 requests: the runs of the two sides did not take turns." in late


def test_functions_that_nothing_is(own):
    own.rules("""
[[rule]]
route = "GET /item"
new_callees = { deny = "urllib3", from = ["*serve_shop", "*serve_shopp"] }
[[rule]]
[rule.calls]
"sqlite3.Conection.execute" = "+0"
"sqlite3.Connection.execute" = "+0"
"requests.*" = 0
[[rule]]
route = "GET /nowhere"
calls = { "app.nothing" = 3 }
""")
    result = own.ok("gate", "base", "base", "--markdown", "m.md")
    said = [line for line in result.out.splitlines() if "no function" in line]
    assert said == ["cprof.toml:2: no function matches '*serve_shopp'.",
                    "cprof.toml:5: no function matches 'sqlite3.Conection.execute'."]
    assert said[1] in (own.path / "m.md").read_text()
    # One side has it.
    own.rules('[[rule]]\ncalls = { "string.capwords" = 3 }\n')
    for runs in ("base", "library"), ("library", "base"):
        assert "no function" not in own.ok("gate", *runs).out
    assert "no function matches 'string.capwords'." in own.ok("gate", "base", "base").out


def test_rules(own):
    own.rules("""
baseline = "main"
[[rule]]
name = "no more libraries"
route = "GET /item"
new_callees = { deny = "string", from = "*serve_shop" }
[[rule]]
route = "/fresh"
sql = 0
[rule.calls]
sqlite3.Connection.execute = "+0"
""")
    result = failed(own.cprof("gate", "base", "library", "--json")).json
    assert result["rules"] == "cprof.toml"
    verdicts = {(f["rule"]["kind"], f["route"]): f for f in result["findings"]}
    assert len(verdicts) == 3
    callee = verdicts["new_callees", "/item"]
    assert callee["verdict"] == "failed" and callee["text"] == "new callee: string:capwords"
    assert callee["rule"]["name"] == "no more libraries" and callee["rule"]["line"] == 3
    assert callee["functions"][0]["from"]["function"].endswith("serve_shop:show")
    # A budget holds of a new request, too; more than nothing is no growth.
    assert verdicts["sql", "/fresh"]["verdict"] == "failed"
    assert verdicts["sql", "/fresh"]["new"] == 1
    assert verdicts["calls", "/fresh"]["skipped"] == "the baseline has no such request"
    assert "[no more libraries]" in failed(own.cprof("gate", "base", "library")).out
    # From a folder below it is found as well; another file may be named.
    (own.path / "below").mkdir()
    below = Work(own.path / "below").cprof("gate", "--dir", "../profiling", "base", "library",
                                           "--json")
    assert failed(below).json["rules"] == "../cprof.toml"
    (own.path / "other.toml").write_text("[[rule]]\nsql = 100\n")
    own.ok("gate", "--config", "other.toml", "base", "nplus1")


@pytest.mark.parametrize("text, said", [
    ("[[rule]]\n\n  cals = 3\n", "cprof.toml:3:3: no such key 'cals'; did you mean 'calls'?"),
    ("[[rule]]\nsql = -1\n", "cprof.toml:2:7: 'sql' is a number (3), or how many more than the "
                             "baseline's (\"+3\", \"+10%\")"),
    ("[[rule]]\nwall = { worse = \"5%\",  flor = \"1ms\" }\n",
     "cprof.toml:2:25: no such key 'flor'; did you mean 'floor'?"),
    ("[[rule]]\nroute = 'user'\nsql = 1\n", "cprof.toml:2:9: 'user' is no request"),
    ("sql = 1\n", "cprof.toml:1:1: 'sql' belongs to a rule: write [[rule]] on a line above it"),
    ("[[rule]\n", "cprof.toml:1:8: "),
    ("a = 1\n[\n\n[[rule]]\n", "cprof.toml:2:1: not TOML"),
    ("a = \"\\u0000\"\n", "cprof.toml:1:5: a text with a NUL inside"),
])
def test_mistakes_in_the_rules(own, text, said):
    own.rules(text)
    assert own.refused("gate", "base", "nplus1").startswith("cprof: " + said)


def test_without_what_reads_toml(own, tmp_path):
    """As built with TOML=no: only a cprof.toml asks for it."""
    top = os.path.dirname(os.path.dirname(os.path.realpath(CPROF)))
    for part in "bin", "lib":
        (tmp_path / "installed" / part).mkdir(parents=True)
    shutil.copy(CPROF, str(tmp_path / "installed" / "bin"))
    shutil.copytree(os.path.join(top, "lib", "cprof"), str(tmp_path / "installed/lib/cprof"),
                    ignore=lambda _, names: [name for name in names if name == "toml.so"])
    command = [str(tmp_path / "installed/bin/cprof"), "gate", "base", "base"]
    assert subprocess.run(command, cwd=str(own.path), stdout=subprocess.DEVNULL).returncode == 0
    own.rules("[[rule]]\nsql = 1\n")
    done = subprocess.run(command, cwd=str(own.path), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("cprof: cprof.toml: this cprof was built without what reads it")


def check_junit(path, failures):
    """The shape that CI services' schemas agree on."""
    root = ElementTree.parse(str(path)).getroot()
    suite, = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    cases = list(suite)
    for element in root, suite:
        assert element.get("name") == "cprof gate"
        assert int(element.get("tests")) == len(cases)
        assert int(element.get("failures")) == len(suite.findall("testcase/failure")) == failures
        assert int(element.get("skipped")) == len(suite.findall("testcase/skipped"))
        assert int(element.get("errors")) == 0 and float(element.get("time")) == 0
    for case in cases:
        assert case.tag == "testcase" and set(case.attrib) == {"classname", "name", "time"}
        assert len(case) <= 1
        for outcome in case:
            assert outcome.tag in ("failure", "skipped") and outcome.get("message")
    return suite


def test_reports(own):
    own.rules("[[rule]]\nname = 'a < b & \"c\"'\ntotal_calls = '+0'\nwall = '5%'\n")
    failed(own.cprof("gate", "base", "nplus1", "--junit", "j.xml", "--markdown", "m.md"))
    suite = check_junit(own.path / "j.xml", 1)
    case, = [case for case in suite if case.find("failure") is not None]
    assert case.get("classname") == "GET /item"
    assert case.get("name") == "a < b & \"c\", total calls: no more"
    assert "sqlite3.Connection.execute: 1 → 11 (+10) calls" in case.find("failure").text
    markdown = (own.path / "m.md").read_text()
    assert markdown.startswith("## cprof gate: failed\n\n`1 request of 2 is worse than at ")
    assert "### `GET /item`" in markdown and len(markdown.encode()) < 60000
    # What changed at all follows.
    assert "| more calls | `GET /item`" in markdown
    own.ok("gate", "base", "base", "--junit", "j.xml", "--markdown", "-")
    check_junit(own.path / "j.xml", 0)


def test_incomplete_runs_are_said(own, shop):
    os.unlink(str(own.archive))
    for name in "base", "few":
        shutil.copytree(str(shop.archive / name), str(own.archive / name))
    path = own.archive / "few" / "run.json"
    run = json.loads(path.read_text())
    run["processes"][0].update(seen=9, dropped=3)
    path.write_text(json.dumps(run))
    assert "of 9 requests 3 were not kept" in own.ok("gate", "base", "few").out


@pytest.fixture
def repository(own, shop):
    """Commits on main, each with the run of its name; topic from the first of them."""
    os.unlink(str(own.archive))
    git(own.path, "init", "-q", ".")
    git(own.path, "symbolic-ref", "HEAD", "refs/heads/main")

    def commit(kind, *tag):
        git(own.path, "commit", "-q", "--allow-empty", "-m", kind or "no run")
        if kind:
            shutil.copytree(str(shop.archive / kind), str(own.archive / kind))
            own.ok("tag", "--force", *(tag + (kind,)))
    own.commit = commit
    return own


def test_baselines(repository):
    work = repository
    work.commit("base")
    nothing = work.ok("gate", "--baseline", "main", "--junit", "j.xml", "--markdown", "m.md")
    assert nothing.out.startswith("passed: nothing to compare yet: neither ")
    assert work.ok("gate", "--baseline", "main", "--json").json["verdict"] == "nothing"
    check_junit(work.path / "j.xml", 0)
    base = git(work.path, "rev-parse", "--short=7", "HEAD")
    # What failed, and what has no run, is no baseline: the commit before is.
    work.commit("calls", "--outcome", "failed")
    work.commit("few")
    path = work.archive / "few" / "run.json"
    path.write_text(json.dumps(dict(json.loads(path.read_text()), outcome="unfinished")))
    assert "  unfinished  " in work.ok("ls", "few").out.splitlines()[0]
    assert "\nThe new side is incomplete: its tests did not come to their end.\n" in (
        work.ok("gate", "base", "few").out)
    work.commit(None)
    git(work.path, "checkout", "-q", "-b", "topic")
    work.commit("nplus1")
    out = failed(work.cprof("gate", "--baseline", "main")).out
    assert out.startswith("failed: 1 request of 2 is worse than at %s main, 1 run\n" % base)
    # On main itself the commit before HEAD is; the file can say so.
    git(work.path, "checkout", "-q", "main")
    shutil.rmtree(str(work.archive / "few"))
    work.commit("few")
    work.rules("baseline = 'main'\n")
    assert "worse than at %s main, 1 run\n" % base in work.ok("gate").out
    work.commit(None)
    assert "there is no run of HEAD, " in work.refused("gate")
    assert work.refused("gate", "--baseline", "nowhere").startswith(
        "cprof: gate: --baseline nowhere: no such revision; 'git branch -a' ")


def test_a_shallow_clone(repository, tmp_path):
    work = repository
    work.commit("base")
    for _ in range(3):
        work.commit(None)
    work.commit("few")
    git(tmp_path, "clone", "-q", "--depth=2", "file://%s" % work.path, str(tmp_path / "clone"))
    shutil.copytree(str(work.archive), str(tmp_path / "clone" / "profiling"))
    said = Work(tmp_path / "clone").refused("gate", "--baseline", "main")
    assert "shallow clone" in said and said.endswith("git fetch --unshallow")


@pytest.mark.parametrize("words, said", [
    ([], "gate: compare with what? --baseline main, or name two runs: cprof gate OLD NEW"),
    (["base"], "gate: one run alone is no comparison: name OLD and NEW, or --baseline REV"),
    (["--baseline", "main", "base", "few"], "gate: either OLD and NEW or --baseline"),
    (["base", "nothing"], "nothing"),
    (["base", "profiling"], "gate: profiling is an archive; name two of its runs"),
    (["base/GET.root.000000ms", "few"], "gate: base/GET.root.000000ms is a snapshot; name a run"),
    (["--config", "none.toml", "base", "few"], "none.toml: "),
])
def test_what_is_refused(shop, words, said):
    assert shop.refused("gate", *words).startswith("cprof: " + said)


def test_what_is_alike_is_told_once(shop, tmp_path):
    """One test's requests, and a route's of many tests, by a run of the shop told as a suite's."""
    work = Work(tmp_path)
    for run in "base", "nplus1":
        at = [path for path in (shop.archive / run).iterdir() if path.name.startswith("GET.item.")]
        manifests = {path: json.loads((path / "snapshot.json").read_text()) for path in at}
        cold, warm = [how(at, key=lambda path: manifests[path]["start"]) for how in (min, max)]
        manifest = manifests[warm]
        folder = work.archive / run / cold.name
        shutil.copytree(str(cold), str(folder))
        manifests[cold].update(label="tests/test_a.py::test", ordinal=1)
        (folder / "snapshot.json").write_text(json.dumps(manifests[cold]))
        for number in range(8):
            label = "tests/test_shop.py::test_%d" % max(0, number - 3)
            folder = work.archive / run / ("GET.item.90000%dms" % number)
            shutil.copytree(str(warm), str(folder))
            manifest.update(label=label, ordinal=number + 1 if number < 4 else 1)
            (folder / "snapshot.json").write_text(json.dumps(manifest))
    result = failed(work.cprof("gate", "base", "nplus1", "--markdown", "m.md", "--junit", "j.xml"))
    assert result.out.startswith("failed: 9 requests of 9 are worse than at base, 1 run\n")
    assert result.out.count("SQL statements: 1 → 11 (+10)") == 1
    name = "GET /item, in 5 tests: tests/test_shop.py::test_"
    assert "\n" + name in result.out and " and 4 more\n" in result.out
    markdown = (work.path / "m.md").read_text()
    assert markdown.count("- `SQL statements: 1 → 11 (+10); allowed: no more`\n") == 1
    assert "\n### `" + name in markdown
    suite = ElementTree.parse(str(work.path / "j.xml")).getroot()
    assert suite.get("failures") == "17" # total calls of all, SQL of the warm ones
    found = json.loads(work.cprof("gate", "base", "nplus1", "--json").out)["findings"]
    assert len([f for f in found if f["verdict"] == "failed"]) == 17
    assert "\ntests/test_a.py::test #1 GET /item\n  total calls: " in result.out
    (work.path / "cprof.toml").write_text('[[rule]]\nroute = "GET /itme"\nsql = 1\n')
    out = work.ok("gate", "base", "nplus1").out
    assert "\nNo request is one that the rule of cprof.toml:1 is about.\n" in out
    (work.path / "cprof.toml").unlink()
    # What the tests other than the first sent is gone.
    for path in work.archive.glob("*/GET.item.90000[4567]ms"):
        shutil.rmtree(str(path))
    out = failed(work.cprof("gate", "base", "nplus1")).out
    assert "\ntests/test_shop.py::test_0 #1 to #4 GET /item\n" in out
    for path in work.archive.glob("nplus1/GET.item.90000[1]ms"):
        shutil.rmtree(str(path))
    out = failed(work.cprof("gate", "base", "nplus1")).out
    assert "\n1 request of the baseline's is gone.\n" in out
    assert "\ntests/test_shop.py::test_0 #1, #3, #4 GET /item\n" in out
    for path in work.archive.glob("nplus1/*/snapshot.json"):
        git = {"commit": "1a2b3c4" * 5 + "00000", "branch": "main", "dirty": True}
        path.write_text(json.dumps(dict(json.loads(path.read_text()), git=git)))
    out = failed(work.cprof("gate", "base", "nplus1")).out
    assert "\nWhat was judged are runs of uncommitted changes.\n" in out
