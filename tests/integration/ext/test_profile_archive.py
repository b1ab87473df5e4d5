"""cprof.Profile with the middleware's metrics and packages, into the archive."""

import gc
import threading
import weakref

import pytest
from test_metrics import costs, hoarder, sleeper

import cprof


def test_metrics_of_a_profile(archive):
    profile = cprof.Profile(metrics=["wall", "cpu", "allocs"])
    assert profile.metrics == ("wall", "cpu", "allocs")
    assert cprof.Profile().metrics == ("wall",)
    with profile:
        hoarder()
        sleeper()
    profile.create_stats()
    assert {"hoarder", "sleeper"} <= {name for _, _, name in profile.stats}
    profile.archive("a name", archive.path)

    snapshot = archive.one()
    assert snapshot.name.startswith("PROFILE.a%20name.")
    assert (snapshot.json["method"], snapshot.json["ended"]) == ("PROFILE", "returned")
    assert snapshot.pprof.types == ["calls", "wall", "cpu", "allocs"]
    of = costs(snapshot)
    assert of["hoarder"]["allocs"] >= 10000 > of["sleeper"]["allocs"]
    assert of["sleeper"]["cpu"] < of["sleeper"]["wall"] / 2
    assert snapshot.calls()["hoarder"] == 1


def test_what_was_archived_is_forgotten(archive):
    profile = cprof.Profile()
    profile.archive("nothing", archive.path)
    assert archive.snapshots() == []
    profile.runcall(hoarder, 10)
    profile.archive("first", archive.path)
    profile.create_stats()
    assert profile.stats == {}
    profile.runcall(sleeper)
    profile.archive("second", archive.path)
    first, second = archive.snapshots()
    assert "hoarder" in first.calls() and "hoarder" not in second.calls()
    assert second.calls()["sleeper"] == 1
    assert first.json["start"] < second.json["start"]


@pytest.mark.parametrize("mode", ["exact", "fast", "app"])
def test_a_callable_in_every_mode(archive, mode):
    queries = []

    def query(n=1):
        queries.extend(range(n))

    def sql():
        return len(queries)

    profile = cprof.Profile(mode=mode, metrics=[sql])
    for n in (1, 2, 3):
        profile.runcall(query, n)
    profile.archive("queries", archive.path)
    of = costs(archive.one())
    (name,) = [name for name in of if name.endswith("query")]
    assert of[name]["sql"] == 6


def test_threads_at_once_are_one_snapshot(archive):
    profile = cprof.Profile(metrics=["allocs"])
    barrier = threading.Barrier(4)

    def run():
        profile.enable()
        barrier.wait()
        hoarder(1000)
        barrier.wait()
        profile.disable()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    profile.create_stats()
    (calls,) = [row[1] for key, row in profile.stats.items() if key[2] == "hoarder"]
    profile.archive("threads", archive.path)

    snapshot = archive.one()
    assert calls == snapshot.calls()["hoarder"] == 4
    assert costs(snapshot)["hoarder"]["allocs"] >= 4000
    assert snapshot.json["events"] >= 8


def test_a_profile_that_goes_on_elsewhere_is_not_archived(archive):
    profile = cprof.Profile()
    begun, end = threading.Event(), threading.Event()

    def call():
        begun.set()
        end.wait()

    thread = threading.Thread(target=profile._call, args=(call, ()))
    thread.start()
    begun.wait()
    try:
        with pytest.raises(RuntimeError, match="goes on"):
            profile.archive("early", archive.path)
    finally:
        end.set()
        thread.join()
    profile.archive("late", archive.path)
    assert archive.names() == ["PROFILE.late"]


def test_a_decorated_function(archive):
    @cprof.profile(metrics=["allocs"], archive=True, directory=archive.path)
    def decorated():
        return hoarder(500)

    decorated()
    assert decorated.profile.metrics == ("wall", "allocs")
    of = costs(archive.one())
    assert of["hoarder"]["allocs"] >= 500


def test_packages_of_a_profile(tmp_path, in_process):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("from other import helper\n"
                                                   "def view():\n    return helper()\n")
    (tmp_path / "other.py").write_text("def helper():\n    return 1\n")
    (tmp_path / "load.py").write_text("import shop\nshop.view()\n")
    out, _ = in_process("""
        import os, subprocess, sys
        sys.path.insert(0, ".")
        import cprof, shop
        profile = cprof.Profile(mode="app", packages=["shop"])
        profile.runcall(shop.view)
        profile.create_stats()
        print(sorted(key[2] for key in profile.stats))
        @cprof.profile(mode="app", packages="other")
        def call():
            return shop.view()
        call()
        call.profile.create_stats()
        print(sorted(key[2] for key in call.profile.stats))
        table = subprocess.run([sys.executable, "-m", "cprof", "--mode", "app", "--package",
                                "shop", "load.py"], stdout=subprocess.PIPE, check=True,
                               universal_newlines=True).stdout
        print("(view)" in table, "(helper)" in table)
    """)
    assert out.splitlines() == ["['view']", "['helper', 'view']", "True False"]


def test_run_in_a_mode(tmp_path, capsys):
    cprof.runctx("f(); len('x')", {"f": sleeper}, {}, mode="fast")
    out = capsys.readouterr().out
    assert "(sleeper)" in out and "built-in" not in out


def test_metrics_of_a_script(archive, tmp_path, in_process):
    (tmp_path / "load.py").write_text("x = [bytes(100) for _ in range(1000)]\n")
    out, _ = in_process("""
        import glob, subprocess, sys
        def run(*args):
            done = subprocess.run([sys.executable, "-m", "cprof", *args], stderr=subprocess.PIPE,
                                  universal_newlines=True)
            return done.returncode, done.stderr.splitlines()[-1:]
        assert run("--archive", "--metrics", "cpu,allocs", "load.py") == (0, [])
        (path,) = glob.glob("profiling/*/RUN.load.*/profile.kgrind")
        print([line for line in open(path) if line.startswith("events:")][0].strip())
        for args in (["--metrics", "cpu"], ["--archive", "--metrics", "speed"],
                     ["--package", "shop"]):
            print(*run(*args, "load.py"))
    """)
    lines = out.splitlines()
    assert lines[0] == "events: wall cpu allocs"
    assert all(line.startswith("2 ") for line in lines[1:])
    assert "--archive" in lines[1] and "speed" in lines[2] and "--mode app" in lines[3]


@pytest.mark.parametrize("options, error", [
    ({"metrics": ["speed"]}, ValueError), ({"metrics": [1]}, TypeError),
    ({"packages": [1]}, TypeError), ({"packages": 5}, TypeError),
])
def test_what_is_no_metric_and_no_package(options, error):
    with pytest.raises(error):
        cprof.Profile(**options)


def test_a_cycle_through_what_is_measured_is_collected():
    def cycle(**given):
        class Reading:
            def __call__(self):
                return 0

        reading = Reading()
        if "timer" in given:
            profile = cprof.Profile(reading)
        else:
            profile = cprof.Profile(metrics=[reading])
        reading.profile = profile
        profile.runcall(hoarder, 1)
        return weakref.ref(reading)

    dead = [cycle(timer=True), cycle()]
    gc.collect()
    assert [ref() for ref in dead] == [None, None]
