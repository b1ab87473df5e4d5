import json
import re
import shutil
import subprocess

import pytest

from cli_work import CPROF, ROOT

COMMANDS = ["ls", "show", "diff", "gate", "tag", "store", "fetch", "log", "render", "merge",
            "export", "import", "verify", "completion", "help", "version"]


def test_overview_lists_every_command(work):
    text = work.ok("help").out
    assert re.findall(r"^  (\w+) {2,}\w", text[:text.index("WHAT is")], re.M) == COMMANDS
    assert max(map(len, text.splitlines())) < 80
    assert work.ok("--help").out == text
    assert work.ok("-h").out == text
    for pages in text, re.sub(r"\\f.|\\", "", work.ok("help", "--man").out):
        said = " ".join(pages[pages.index("0 done, 2 could not, 1 only"):].split())
        assert re.findall(r"cprof (\w+)", said.split(".")[0]) == ["gate", "verify", "diff"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each(work, command):
    text = work.ok(command, "--help").out
    assert text.startswith("usage: cprof " + command)
    assert "\nexamples:\n  " in text
    assert max(map(len, text.splitlines())) < 80
    assert work.ok("help", command).out == text
    assert work.ok(command, "-h").out == text


def test_json_is_documented(work):
    """In the help, and by a schema that all JSON of these tests is held to (cli_work.py)."""
    documented = set()
    for command in COMMANDS:
        text = work.ok(command, "--help").out
        if "\nJSON:\n" in text:
            documented.add(command + ".json")
            about = text[text.index("\nJSON:\n  schema  "):]
            schema = json.loads((ROOT / "tools/schema" / (command + ".json")).read_text())
            for member in schema["properties"]:
                assert re.search(r"\b%s\b" % member, about), (command, member)
    schemas = {path.name for path in (ROOT / "tools/schema").iterdir()}
    # A summary is a file, no output.
    assert documented | {"summary.json"} == schemas >= {"show.json"}


def test_version(work):
    header = (ROOT / "lib/base/version.h").read_text()
    version = re.search(r'CPROF_VERSION "(.*)"', header).group(1)
    for words in ["--version"], ["-V"], ["version"]:
        assert work.ok(*words).out == "cprof %s\n" % version


@pytest.mark.parametrize("words, said", [
    ([], "cprof: no command given; 'cprof help' lists them"),
    (["shw"], "cprof: 'shw' is not a command; did you mean 'cprof show'?"),
    (["dif"], "cprof: 'dif' is not a command; did you mean 'cprof diff'?"),
    (["xyzzy"], "cprof: 'xyzzy' is not a command; 'cprof help' lists them"),
    (["--json", "ls"], "cprof: '--json' is not a command; options follow the command: 'cprof help'"),
    (["ls", "--jsn"], "cprof: ls: unknown option --jsn; did you mean --json? "
                      "('cprof ls --help' explains)"),
    (["show", "--lim=3"], "cprof: show: unknown option --lim; did you mean --limit? "
                          "('cprof show --help' explains)"),
    (["ls", "--xyzzy"], "cprof: ls: unknown option --xyzzy ('cprof ls --help' explains)"),
    (["ls", "-x"], "cprof: ls: unknown option -x ('cprof ls --help' explains)"),
    (["ls", "-\xe9"], "cprof: ls: unknown option -\xe9 ('cprof ls --help' explains)"),
    (["ls", "--json=1"], "cprof: ls: --json takes no value ('cprof ls --help' explains)"),
    (["ls", "--dir"], "cprof: ls: --dir needs DIR ('cprof ls --help' explains)"),
    (["ls", "--dir="], "cprof: ls: --dir: DIR is empty ('cprof ls --help' explains)"),
    (["ls", "--color", "red"], "cprof: ls: --color: 'red' is none of auto, always, never "
                               "('cprof ls --help' explains)"),
    (["ls", "--color", "nevr"], "cprof: ls: --color: unknown 'nevr'; did you mean 'never'? "
                                "('cprof ls --help' explains)"),
    (["ls", "a", "b"], "cprof: ls: 'b' is one too many: expects [WHAT] "
                       "('cprof ls --help' explains)"),
    (["version", "a"], "cprof: version: takes no 'a' ('cprof version --help' explains)"),
    (["diff"], "cprof: diff: expects OLD NEW | A..B ('cprof diff --help' explains)"),
    (["show", "-n", "-1", "a"], "cprof: show: --limit: '-1' is not a whole number "
                                "('cprof show --help' explains)"),
    (["show", "-n99999999999999999999", "a"],
     "cprof: show: --limit: 99999999999999999999 is too large ('cprof show --help' explains)"),
    (["show", "--min", "nan", "a"], "cprof: show: --min: 'nan' is not a percentage from 0 to 100 "
                                    "('cprof show --help' explains)"),
    (["show", "--min", "101", "a"], "cprof: show: --min: '101' is not a percentage from 0 to 100 "
                                    "('cprof show --help' explains)"),
    (["help", "shw"], "cprof: help: 'shw' is not a command; did you mean 'cprof help show'?"),
    (["help", "xyzzy"], "cprof: help: 'xyzzy' is not a command; 'cprof help' lists them"),
    (["completion", "bsh"], "cprof: completion: no shell 'bsh'; did you mean 'bash'?"),
    (["completion", "tcsh"], "cprof: completion: no shell 'tcsh'; there are bash, zsh and fish"),
    (["ls", "\x1b[31m"], r"cprof: \x1b[31m: no such snapshot, run or file; `cprof ls` shows what there is"),
])
def test_complaints(work, words, said):
    assert work.refused(*words) == said


def test_options_and_operands_mix(work, profiles):
    work.snapshot("run", "GET.root.000005ms", profiles[0])
    expected = work.ok("show", "run/GET.root.000005ms", "--limit", "2", "--sort", "calls").out
    for words in (["-n2", "-s", "calls", "run/GET.root.000005ms"],
                  ["--sort=calls", "run/GET.root.000005ms", "-n", "2"],
                  ["-scalls", "--limit=2", "--", "run/GET.root.000005ms"]):
        assert work.ok("show", *words).out == expected
    assert work.refused("show", "--", "--limit").startswith("cprof: --limit: no such snapshot")


def test_manual_pages(work, tmp_path):
    """man(7) without a warning, with every option of the help in it."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not here")
    for command in [None] + COMMANDS:
        page = work.ok("help", "--man", *([command] if command else [])).out
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-P-c"], input=page.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 0 and done.stderr == b"", done.stderr
        text = re.sub("\\s+", " ", re.sub("\x1b\\[[0-9;]*m|.\x08", "", done.stdout.decode()))
        if command:
            help_text = work.ok(command, "--help").out
            for option in set(re.findall(r"--[a-z][a-z-]+", help_text)):
                assert option in text.replace("‐", "-").replace("−", "-"), (command, option)


# --- completion

def bash_complete(work, line, point=None, **env):
    """What bash would offer for the line, by the function that the script defines."""
    script = """
        source <("$CPROF" completion bash) || exit 9
        COMP_LINE=$LINE COMP_POINT=${#LINE}
        read -ra COMP_WORDS <<<"$LINE"
        COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
        _cprof
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-uc", script], cwd=str(work.path), timeout=60,
                          env={"PATH": "/usr/bin:/bin", "CPROF": CPROF, "LINE": line, **env},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done
    # compopt may only be called while completing.
    assert done.stderr == b"", done.stderr
    return sorted(filter(None, done.stdout.decode().split("\n")))


def test_bash_completion(work, profiles):
    work.snapshot("2026-11-21_18:20:37", "GET.root.000005ms", profiles[0])
    assert bash_complete(work, "cprof ") == sorted(COMMANDS)
    assert bash_complete(work, "cprof d") == ["diff"]
    assert bash_complete(work, "cprof --v") == ["--version"]
    assert bash_complete(work, "cprof show --li") == ["--limit"]
    assert bash_complete(work, "cprof ls --color ") == ["always", "auto", "never"]
    assert bash_complete(work, "cprof show -s cum") == ["cumtime", "cumulative"]
    assert bash_complete(work, "cprof show G") == ["GET.root.000005ms"]
    assert bash_complete(work, "cprof completion ") == ["bash", "fish", "zsh"]
    assert bash_complete(work, "cprof help re") == ["render"]
    assert bash_complete(work, "cprof version ") == []
    assert bash_complete(work, "cprof diff --png ./pro") == ["./profiling"]
    # bash holds "--sort=" for another word.
    assert bash_complete(work, "cprof diff --sort=to") == ["tottime"]
    assert bash_complete(work, "cprof export --base=G") == ["GET.root.000005ms"]
    assert bash_complete(work, "cprof import a.prof -o pro") == ["profiling"]
    # bash holds "2026-11-21_18:" for another word.
    assert bash_complete(work, "cprof ls 2026") == ["2026-11-21_18:20:37"]
    assert bash_complete(work, "cprof ls 2026-11-21_18:2") == ["20:37"]
    (work.path / "elsewhere").mkdir()
    assert bash_complete(work, "cprof show G", CPROF_DIR="elsewhere") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_parses(work, tmp_path, shell):
    script = tmp_path / "script"
    script.write_text(work.ok("completion", shell).out)
    if shutil.which(shell) is None:
        pytest.skip(shell + " is not here")
    subprocess.run([shell, "-n", str(script)], check=True, timeout=60)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_option(work, shell):
    script = work.ok("completion", shell).out
    for command in COMMANDS:
        for option in re.findall(r"^  (?:-., |    )--([a-z-]+)",
                                 work.ok(command, "--help").out, re.M):
            assert re.search(r"(--|-l )%s\b" % option, script), (command, option)
