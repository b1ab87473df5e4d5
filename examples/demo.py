"""What `make demo` shows, once everything is built: examples/flask_app served at
two commits, every request profiled, tagged with its commit, drawn, compared.

    python demo.py WORK      with `cprof` on PATH, the package cprof and Flask importable

Checks what it made and exits 1 if the second commit's mistake was not found.
"""
import glob
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROUTES = ["/", "/user/{id}", "/fast", "/slow", "/memory", "/stream", "/error", "/static/style.css"]
# The first request to a route also compiles its template and the like: a median
# over five is of one that did not.
ROUNDS = 5
REQUESTS = ROUNDS * len(ROUTES)
CHANGED = "/user/{id}"


def heading(text):
    print("\n== " + text, flush=True)


def show(command, **options):
    print("$ " + " ".join(command), flush=True)
    subprocess.run(command, check=True, **options)


def output(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, universal_newlines=True,
                          **options).stdout.strip()


class Repository:
    """A scratch repository made from the example."""

    def __init__(self, path):
        self.path = path
        # No setting of the person who runs this takes part.
        self.environment = dict(os.environ, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
        for who in "AUTHOR", "COMMITTER":
            self.environment["GIT_%s_NAME" % who] = "cprof demo"
            self.environment["GIT_%s_EMAIL" % who] = "demo@localhost"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(os.path.join(HERE, "flask_app"), path,
                        ignore=shutil.ignore_patterns("__pycache__", "profiling"))
        with open(os.path.join(path, ".gitignore"), "w") as ignored:
            ignored.write("__pycache__/\n")
        self.git("init", "-q", ".")
        self.git("symbolic-ref", "HEAD", "refs/heads/main")

    def git(self, *arguments):
        show(("git",) + arguments, cwd=self.path, env=self.environment)

    def commit(self, subject):
        """Commits everything and returns the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)
        # git notes when HEAD moved by the second: a request of this same second
        # could belong to either commit.
        time.sleep(1.1 - time.time() % 1)
        return output(["git", "rev-parse", "HEAD"], cwd=self.path, env=self.environment)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Flask's own server on a free loopback port."""

    def __init__(self, application, log):
        self.port = free_port()
        self.log = log
        # A thread per request would leave some of its own calls, those of the dead
        # thread's release, in a later request.
        command = [sys.executable, "-m", "flask", "run", "--port", str(self.port),
                   "--no-reload", "--without-threads"]
        print("$ " + " ".join(["flask"] + command[3:]), flush=True)
        with open(log, "w") as out:
            self.process = subprocess.Popen(command, cwd=application, stdout=out, stderr=out,
                                            env=dict(os.environ, FLASK_APP="app"))

    def __enter__(self):
        # A connection, not a request: that would be profiled too.
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        sys.exit("demo: the server did not start; see " + self.log)

    def __exit__(self, *_):
        if self.process.poll() is None:
            # As Ctrl-C does: the middleware writes what it still holds.
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def get(self, path):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port, path)) as answer:
                answer.read()
                return answer.status
        except urllib.error.HTTPError as error:
            error.read()
            return error.code


def serve(application, log):
    """One run: the server, and ROUNDS requests to every route of it. Its name."""
    before = set(runs(application))
    with Server(application, log) as server:
        for round_number in range(ROUNDS):
            for route in ROUTES:
                path = route.replace("{id}", str(round_number % 3 + 1))
                status = server.get(path)
                expected = 500 if route == "/error" else 200
                if status != expected:
                    sys.exit("demo: GET %s answered %d; see %s" % (path, status, log))
        made = sorted(set(runs(application)) - before)
        if len(made) != 1:
            sys.exit("demo: one server should make one run, not %d" % len(made))
        wait_for_snapshots(application, made[0])
    print("%d requests to %d routes -> profiling/%s" % (REQUESTS, len(ROUTES), made[0]))
    return made[0]


def wait_for_snapshots(application, run):
    """The client has its answer before the server closes the body, and the request
    is on the disk a little later: a server stopped at once would lose it."""
    deadline = time.monotonic() + 60
    while len(snapshots(application, run)) < REQUESTS and time.monotonic() < deadline:
        time.sleep(0.02)


def runs(application):
    return [os.path.basename(os.path.dirname(path))
            for path in glob.glob(os.path.join(application, "profiling", "*", "run.json"))]


def snapshots(application, run):
    return [os.path.dirname(path) for path in
            glob.glob(os.path.join(application, "profiling", run, "*", "snapshot.json"))]


def check_run(application, run, commit):
    """Every request has its snapshot, each tagged and drawn."""
    found = snapshots(application, run)
    if len(found) != REQUESTS:
        sys.exit("demo: %s holds %d snapshots, not %d" % (run, len(found), REQUESTS))
    for snapshot in found:
        with open(os.path.join(snapshot, "snapshot.json")) as manifest:
            tagged = json.load(manifest).get("git", {}).get("commit")
        if tagged != commit:
            sys.exit("demo: %s is tagged %s, not %s" % (snapshot, tagged, commit))
        with open(os.path.join(snapshot, "dot.png"), "rb") as picture:
            if picture.read(8) != b"\x89PNG\r\n\x1a\n":
                sys.exit("demo: %s/dot.png is no picture" % snapshot)


def check_diff(difference):
    """The changed request is named, by its calls, and no other is."""
    named = [request["route"] for request in difference["requests"]
             if request["verdict"] in ("more calls", "fewer calls", "other calls")]
    if named != [CHANGED]:
        sys.exit("demo: the difference names %s instead of %s" % (named, CHANGED))
    calls = [request["calls"] for request in difference["requests"] if request["route"] == CHANGED][0]
    if calls["new"] <= calls["old"]:
        sys.exit("demo: %s should call more: %s" % (CHANGED, calls))


def main():
    work = os.path.abspath(sys.argv[1])
    application = os.path.join(work, "app")
    # A shell's background job ignores SIGINT, and so would the server.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Those of the person who runs this would move the archive or turn it off.
    for name in [name for name in os.environ if name.startswith("CPROF_")]:
        del os.environ[name]

    heading("commit 1, served and profiled")
    repository = Repository(application)
    first = repository.commit("Serve users from the shop")
    run1 = serve(application, os.path.join(work, "server-1.log"))

    heading("commit 2, which asks the database once per purchase")
    repository.git("apply", os.path.relpath(os.path.join(HERE, "n_plus_one.patch"), application))
    second = repository.commit("Look purchases up one by one")
    run2 = serve(application, os.path.join(work, "server-2.log"))

    heading("tagged, drawn, compared")
    show(["cprof", "tag"], cwd=application)
    print("$ cprof render", flush=True)
    pictures = output(["cprof", "render"], cwd=application).splitlines()
    print("%d pictures, the last %s" % (len(pictures), pictures[-1] if pictures else "none"))
    show(["cprof", "ls", "--runs"], cwd=application)
    show(["cprof", "diff", run1, run2], cwd=application)

    check_run(application, run1, first)
    check_run(application, run2, second)
    check_diff(json.loads(output(["cprof", "diff", "--json", run1, run2], cwd=application)))

    heading("what was made")
    folder = os.path.relpath(application)
    user = [os.path.relpath(snapshot) for snapshot in snapshots(application, run2)
            if "GET.user.{id}." in snapshot]
    print("""\
{folder}/                 the application, a repository of two commits
{folder}/profiling/       two runs of {requests} snapshots: one per request
{user}/
    callstack.txt, profile.prof, profile.kgrind, profile.pb.gz, snapshot.json, dot.png

The second commit makes {changed} call more, and `cprof diff` names it and no
other request. Look around with

    cd {folder}
    export PATH={bin}:$PATH
    cprof ls
    cprof show '{name}'
""".format(folder=folder, requests=REQUESTS, user=user[0], changed=CHANGED,
           bin=shlex.quote(os.path.dirname(shutil.which("cprof"))),
           name=os.path.basename(user[0])))


if __name__ == "__main__":
    main()
