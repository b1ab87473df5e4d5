"""`cprof show` beside pstats: the same text, byte for byte."""
import itertools
import json
import marshal
import os
import re
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))

SORTS = ["calls", "ncalls", "pcalls", "cumtime", "cumulative", "tottime", "time", "name", "nfl",
         "filename", "module", "line", "stdname", "time,name", "cumtime,calls", "file,line",
         "name,tottime,file", "cumu", None]
RESTRICTIONS = [[], [5], [.3], [0], [1000], ["json"], [r"\(fib|built-in", 3],
                [r"[a-z]/x\.py:\d+\(", .5], ["{built-in"], ["^~|[^a-z]p[io]ng"], ["(?i)FIB"],
                ["no such function"], [20, .5, "_"], [r"it's|\\"], ["naïve"], [r"\bsum\b"]]
OF_CALLS = [["fib"], ["ping|pong", 1], [.2], [7], ["same"], [r"sorted|\.py:1\("], ["naïve"]]


def cases():
    """[sort, reverse, strip, what, restrictions]: each with some of the others."""
    flags = list(itertools.product([False, True], repeat=2))
    for at, (sort, restrictions) in enumerate(itertools.product(SORTS, RESTRICTIONS)):
        if at % 5 == 0:
            yield (sort, *flags[at // 5 % len(flags)], "stats", restrictions)
    for at, (what, restrictions, strip) in enumerate(
            itertools.product(["callers", "callees"], OF_CALLS, [False, True])):
        yield (SORTS[at % len(SORTS)], at % 3 == 0, strip, what, restrictions)


def ours(case, path):
    sort, reverse, strip, what, restrictions = case
    words = ["cprof", "show", path, "--sort", sort or "none"]
    words += ["--reverse"] * reverse + ["--strip-dirs"] * strip
    if what != "stats":
        words += ["--" + what, str(restrictions[0])]
        restrictions = restrictions[1:]
    words += map(str, restrictions)
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert done.stderr == b""
    return done.stdout.decode()


@pytest.mark.parametrize("kind", ["cProfile", "profile", "merged"])
def test_show_is_pstats(each_python, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    wanted = list(cases())[["cProfile", "profile", "merged"].index(kind)::2]
    done = subprocess.run([each_python, os.path.join(HERE, "print_pstats.py"), kind, "odd.prof"],
                          input=json.dumps(wanted).encode(), stdout=subprocess.PIPE, check=True)
    texts = json.loads(done.stdout)
    assert len(texts) == len(wanted) > 40
    for case, text in zip(wanted, texts):
        assert ours(case, "odd.prof") == text, case


@pytest.mark.parametrize("pattern", [
    "a", "a.c", r"a\.c", "^a", "c$", r"\Aab", r"c\Z", "a|b", "(a|b)c", "(?:a|b)c", "(?P<x>a)b", "ab*?c",
    "ab+?c", "ab??c", "a{2}", "a{1,}b", "a{,2}b", "a{1,2}?b", "{a", "a}", "a{", "{}", "x{b}", r"\d+", r"\D",
    r"\w\W", r"\s", r"\S+ ", r"\bb", r"a\B", "[abc]x", "[^abc]", "[]a]", "[^]a]", "[a-c]+x", r"[\d.]+",
    r"[\w-]+", r"[\s]", "[-a]", "[a-]", "[a^]", "[^^]", r"[\^]", r"[\[]", r"[a\[]", "[^-]", "[-^]", r"[\]x]",
    r"[\\]", r"\\", r"\{x", r"\}", r"\(", r"\)", r"\[", r"\]", "]", r"\x41", r"\t", "(?i)AB", "(?#no)b",
    "a(?#no)b", "()", "a||b", "(a|)b", "a.*c", r"x\-y", r"/", r"a\/b", "ï", "[ï]", "na.ve", r"\.py:\d+\(",
])
def test_patterns_are_those_of_re(tmp_path, pattern):
    names = ["a", "abc", "a.c", "axc", "ABC", "aab", "b c", "x{b}", "{a", "a{", "}", "]x", "[", "^", "-", "x-y",
             "a\\b", "a/b", "(f)", "naïve", "12.5", "_w", "bb", "c", "{}", "m.py:12(f", "a^", "x]"]
    stats = {("f", 1, name): (1, 1, 0.5, 0.5, {}) for name in names}
    path = tmp_path / "names.prof"
    path.write_bytes(marshal.dumps(stats, 2))
    done = subprocess.run(["cprof", "show", "--json", "--sort", "none", "--", str(path), pattern],
                          stdout=subprocess.PIPE, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert [f["name"] for f in json.loads(done.stdout)["functions"]] == \
        [name for name in names if re.search(pattern, "f:1(%s)" % name)]


@pytest.mark.parametrize("pattern, why", [
    ("(", ""), ("*a", "nothing to repeat"), ("a**", "nothing to repeat"), ("[a", "unterminated set"),
    ("(?=a)", "a group of this kind"), (r"(a)\1", "references back"), ("a\\", "bad escape at the end"),
    (r"\q", "bad escape"), ("[z-a]", "bad range"), ("a++", "possessive"), ("a)", ""),
])
def test_patterns_that_are_refused(tmp_path, pattern, why):
    path = tmp_path / "names.prof"
    path.write_bytes(marshal.dumps({("f", 1, "a"): (1, 1, 0.5, 0.5, {})}))
    done = subprocess.run(["cprof", "show", "--", str(path), pattern], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith("cprof: show: pattern '%s': " % pattern)
    assert why in done.stderr.decode()
