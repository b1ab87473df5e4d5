"""Each allocation fails once, and again with all after it: nothing crashes, responses
are what they were, and a profile that is not whole says so.

The extension's own allocations fail where it was built for tests (with a sanitizer,
see ci/test-python), the interpreter's wherever there is _testcapi.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ext_archive import Archive
from ext_client import serve

import cprof
from cprof import _cprof

fail_at = getattr(_cprof, "_fail_at", None)
pytestmark = pytest.mark.skipif(fail_at is None, reason="built without CPROF_TESTS")
OTHER = "<other functions>"


def leaf(n):
    return n


def deep(n):
    return deep(n - 1) if n else sorted([leaf(3), leaf(1)])


def work():
    deep(70)  # more frames than there is room for at first
    names = {}
    # New to the process each time: their names must be made.
    exec("def new%d(x): return x" % next(numbers), names)
    for f in list(names.values())[1:]:
        f(1)
    return "%d" % leaf(1)


numbers = iter(range(10 ** 9))


def app(environ, start_response):
    work()
    write = start_response("200 OK", [("X", "y")])
    write(b"a")

    def body():
        yield work().encode()
        yield b"b"

    return body()


def handing_on(environ, start_response):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(work).result()
    return app(environ, start_response)


def each_allocation(run, least=20):
    """run(), its n-th allocation failing, until it needs fewer. Yields what it
    returned. It needs `least` of them."""
    for forever in (False, True):
        n = 0
        while True:
            n += 1
            fail_at(n, forever)
            try:
                result = run()
            finally:
                made = fail_at(0, False)
            yield n, result
            if made < n:
                break
        assert n > least


def of_workload(stats):
    """Calls of what the workload calls, and how many calls went by no name of their own."""
    calls = {name: 0 for name in ("leaf", "deep", "work", "body", "new", OTHER)}
    for (_, _, name), row in stats.items():
        name = name.rstrip("0123456789")
        if name in calls:
            calls[name] += row[1]
    return calls


def is_right(stats, expected, lost):
    calls = of_workload(stats)
    return lost > 0 or calls == expected or calls[OTHER] > 0


@pytest.mark.parametrize("application, options", [
    (app, {"mode": "exact"}), (app, {"mode": "fast"}), (app, {"mode": "app"}),
    (app, {"metrics": ["cpu", "vcsw", "allocs", "alloc_bytes", lambda: 0]}),
    (handing_on, {"mode": "exact"}), (handing_on, {"mode": "fast", "metrics": ["cpu"]}),
], ids=["exact", "fast", "app", "metrics", "followed", "followed-fast"])
def test_requests(tmp_path, caplog, application, options):
    clean = Archive(tmp_path / "clean")
    middleware = clean.wrap(application, **options)
    for _ in range(2):
        seen = serve(middleware).seen()
    expected = [of_workload(s.stats) for s in clean.snapshots()][1]
    assert expected["leaf"] == expected["work"] * 3 and expected["deep"] == expected["work"] * 71

    archive = Archive(tmp_path / "failing")
    middleware = archive.wrap(application, **options)

    def run():
        answer = serve(middleware).seen()
        assert cprof.flush(30)
        return answer

    n = 0
    for n, answer in each_allocation(run):
        assert answer == seen, "allocation %d was noticed" % n
    assert serve(middleware).seen() == seen
    wrong = []
    snapshots = archive.snapshots()
    for snapshot in snapshots:
        json = snapshot.json
        if not is_right(snapshot.stats, expected, json["lost"] + json["followed_lost"]):
            wrong.append((snapshot.name, of_workload(snapshot.stats)))
    assert wrong == []
    assert any(snapshot.json["lost"] for snapshot in snapshots)
    last = snapshots[-1]
    assert of_workload(last.stats) == expected and last.json["lost"] == 0


def test_labels(tmp_path):
    """One that is cut, too, is right or not there."""
    archive = Archive(tmp_path / "failing")

    def plain(environ, start_response):
        start_response("200 OK", [])
        return [b"x"]

    middleware = archive.wrap(plain)
    label = "x" * 2000

    def run():
        assert serve(middleware, **{"cprof.label": label}).body == b"x"
        assert cprof.flush(30)

    for _ in each_allocation(run):
        pass
    labels = [snapshot.json.get("label") for snapshot in archive.snapshots()]
    assert {type(found) for found in labels} == {str, type(None)}
    assert len(set(labels)) == 2 and labels[-1].startswith(label[:983] + "~")


@pytest.mark.parametrize("options", [
    {}, {"mode": "fast"}, {"mode": "app"}, {"timer": iter(range(10 ** 9)).__next__},
    {"metrics": ["cpu", "allocs"]}, {"builtins": False, "subcalls": False},
], ids=["exact", "fast", "app", "timer", "metrics", "without"])
def test_profiles(tmp_path, options):
    archive = Archive(tmp_path / "archive")
    clean = cprof.Profile(**options)
    clean.runcall(work)
    clean.create_stats()
    expected = of_workload(clean.stats)
    assert expected["leaf"] == 3
    refused = []

    def run():
        profile = cprof.Profile(**options)
        try:
            profile.runcall(work)
            profile.create_stats()
            profile.getstats()
            stats, lost = profile.stats, profile.lost
            profile.clear()
            profile.runcall(work)
            profile.archive("work", archive.path)
        except MemoryError:
            refused.append(1)
            profile.disable()
            return None
        assert cprof.flush(30)
        return stats, lost

    for n, result in each_allocation(run):
        if result is not None:
            assert is_right(result[0], expected, result[1]), (n, result)
    assert refused
    snapshots = archive.snapshots()
    assert snapshots
    for snapshot in snapshots:
        assert is_right(snapshot.stats, expected, snapshot.json["lost"]), snapshot.name


@pytest.mark.parametrize("archived", [False, True])
def test_decorated_functions(tmp_path, archived):
    archive = Archive(tmp_path / "archive")
    ran = []

    def decorated():
        ran.append(work())
        yield 1

    def run():
        before = len(ran)
        try:
            function = cprof.profile(archive=archived, directory=archive.path)(decorated)
            list(function())
            function.profile.create_stats()
        except MemoryError:
            return None
        finally:
            assert len(ran) - before <= 1
            cprof.flush(30)
        assert len(ran) - before == 1
        return function.profile.stats, function.profile.lost

    expected = of_workload(run()[0])
    assert expected["leaf"] == 3
    for n, result in each_allocation(run):
        if result is not None:
            assert is_right(result[0], expected, result[1]), (n, result)
    for snapshot in archive.snapshots():
        assert is_right(snapshot.stats, expected, snapshot.json["lost"]), snapshot.name


def test_middlewares(in_process):
    # In a process of its own: packages are the whole process'.
    in_process("""
        import cprof
        from test_fail_memory import app, each_allocation, numbers

        def run():
            try:
                return cprof.CProfMiddleware(app, routes=["/x", "/y"], ignore="/z",
                                             metrics=["cpu"],
                                             packages=["package%d" % next(numbers)])
            except MemoryError:
                return None

        made = [result for _, result in each_allocation(run, 4)]
        assert None in made and made[-1] is not None
    """)
