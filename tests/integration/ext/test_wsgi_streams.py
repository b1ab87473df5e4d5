"""Bodies taken piece by piece: on other threads, interleaved, with pauses."""

import sys
import threading
import time

import pytest
from ext_client import environ_for, serve

OK = "200 OK", []
NS = 1e-9


def on_thread(function, *args):
    answer = []
    thread = threading.Thread(target=lambda: answer.append(function(*args)))
    thread.start()
    thread.join()
    return answer[0]


def piece():
    return b"x"


def streaming(environ, start_response):
    start_response(*OK)
    for _ in range(int(environ["QUERY_STRING"] or 3)):
        yield piece()


def test_each_block_on_another_thread(archive):
    def app(environ, start_response):
        start_response(*OK)
        return streaming(environ, lambda *a: None)

    result = archive.wrap(app)(environ_for("/?3"), lambda *a: None)
    iterator = on_thread(iter, result)
    blocks = [on_thread(next, iterator) for _ in range(3)]
    on_thread(result.close)
    assert blocks == [b"x"] * 3
    assert sys.getprofile() is None
    assert archive.one().calls()["piece"] == 3


def test_interleaved_streams(archive):
    app = archive.wrap(streaming)
    sizes = [2, 5, 9]
    results = [app(environ_for("/%d?%d" % (n, n)), lambda *a: None) for n in sizes]
    iterators = [iter(result) for result in results]
    done = set()
    while len(done) < len(sizes):
        for i, iterator in enumerate(iterators):
            if next(iterator, None) is None:
                done.add(i)
    for result in results:
        result.close()
    assert {s.json["path"]: s.calls()["piece"] for s in archive.snapshots()} == {
        "/2": 2, "/5": 5, "/9": 9}


def test_stream_inside_a_stream(archive):
    """A body that takes its blocks from another profiled application."""
    inner = archive.wrap(streaming)

    def outer(environ, start_response):
        start_response(*OK)
        for block in inner(environ_for("/inner?2"), lambda *a: None):
            yield block + piece()

    assert serve(archive.wrap(outer), "/outer").body == b"xx" * 2
    calls = {s.json["path"]: s.calls()["piece"] for s in archive.snapshots()}
    assert calls == {"/inner": 2, "/outer": 4}


def test_the_servers_time_between_blocks_is_not_counted(archive):
    now = [0]

    def app(environ, start_response):
        now[0] += 1_000_000
        start_response(*OK)

        def body():
            now[0] += 10_000_000
            yield b"one"
            now[0] += 100_000_000
            yield b"two"

        return body()

    result = archive.wrap(app, timer=lambda: now[0])(environ_for(), lambda *a: None)
    for _ in result:
        now[0] += 5_000_000_000
    result.close()
    snapshot = archive.one()
    # 1 + 10 + 100 ms
    assert snapshot.json["wall_seconds"] == pytest.approx(0.111)
    assert snapshot.name == "GET.root.000111ms"
    assert snapshot.pprof.wall() == 111_000_000


def test_wall_and_cpu_of_a_sleep(archive):
    def app(environ, start_response):
        start_response(*OK)
        time.sleep(0.03)
        yield b"one"
        time.sleep(0.03)

    result = archive.wrap(app)(environ_for(), lambda *a: None)
    for _ in result:
        time.sleep(0.2)
    result.close()
    json = archive.one().json
    assert 0.06 <= json["wall_seconds"] < 0.2
    assert json["cpu_seconds"] < 0.05


def test_cpu_seconds_of_work(archive):
    def app(environ, start_response):
        start_response(*OK)
        end = time.thread_time() + 0.05
        while time.thread_time() < end:
            pass
        return []

    serve(archive.wrap(app))
    assert 0.05 <= archive.one().json["cpu_seconds"] < 0.5


def test_one_body_on_two_threads_at_once(archive):
    """Wrong of a server, but no reason to fall: the second is not profiled."""
    entered, go = threading.Event(), threading.Event()

    class Body:
        def __iter__(self):
            return self

        def __next__(self):
            entered.set()
            go.wait(10)
            return b"x"

    def app(environ, start_response):
        start_response(*OK)
        return Body()

    result = archive.wrap(app)(environ_for(), lambda *a: None)
    iterator = iter(result)
    blocks = []
    threads = [threading.Thread(target=lambda: blocks.append(next(iterator))) for _ in range(3)]
    for thread in threads:
        thread.start()
        entered.wait(10)
    go.set()
    for thread in threads:
        thread.join()
    result.close()
    assert blocks == [b"x"] * 3
    assert archive.one().calls()["__next__"] >= 1


def test_closed_on_another_thread_while_it_runs(archive):
    entered, go = threading.Event(), threading.Event()

    class Body:
        def __iter__(self):
            return self

        def __next__(self):
            entered.set()
            go.wait(10)
            piece()
            return b"x"

        def close(self):
            pass

    def app(environ, start_response):
        start_response(*OK)
        return Body()

    result = archive.wrap(app)(environ_for(), lambda *a: None)
    iterator = iter(result)
    hook = []
    thread = threading.Thread(target=lambda: (next(iterator), hook.append(sys.getprofile())))
    thread.start()
    assert entered.wait(10)
    result.close()
    go.set()
    thread.join()
    assert hook == [None]
    assert archive.one().json["ended"] == "closed"
    # Neither thread is profiled after it.
    assert sys.getprofile() is None
    serve(archive.wrap(streaming))
    assert len(archive.snapshots()) == 2
