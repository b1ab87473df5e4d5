"""What the server gets in the place of the application's answer."""

import io
from wsgiref.util import FileWrapper

import pytest
from ext_client import environ_for, serve

OK = "200 OK", [("Content-Type", "text/plain")]


def answering(body):
    def app(environ, start_response):
        start_response(*OK)
        return body

    return app


@pytest.mark.parametrize("body", [[], [b""], [b"one"], [b"one", b"two"], (), (b"one",)])
def test_list_and_tuple_are_handed_on(archive, body):
    response = serve(archive.wrap(answering(body)))
    assert response.result is body
    json = archive.one().json
    assert json["bytes_sent"] == sum(map(len, body))
    assert json["ended"] == "returned"


class Many(list):
    pass


def test_subclass_of_list(archive):
    body = Many([b"x"])
    assert serve(archive.wrap(answering(body))).result is body


class Blocks:
    """A body that keeps count of what is asked of it."""

    def __init__(self, *blocks):
        self.blocks = list(blocks)
        self.iterated = self.taken = self.closed = 0

    def __iter__(self):
        self.iterated += 1
        for block in self.blocks:
            self.taken += 1
            yield block

    def close(self):
        self.closed += 1


class Sized(Blocks):
    def __len__(self):
        return len(self.blocks)


def test_any_other_iterable_is_wrapped(archive):
    body = Blocks(b"one", b"two")
    response = serve(archive.wrap(answering(body)))
    assert response.body == b"onetwo"
    assert (body.iterated, body.closed) == (1, 1)
    snapshot = archive.one()
    assert snapshot.json["ended"] == "closed"
    assert snapshot.json["bytes_sent"] == 6
    assert snapshot.calls()["__iter__"] == 3
    assert snapshot.calls()["close"] == 1


def test_one_block_for_each_next(archive):
    body = Blocks(b"one", b"two", b"three")
    result = archive.wrap(answering(body))(environ_for(), lambda *a: None)
    iterator = iter(result)
    assert body.taken == 0
    assert next(iterator) == b"one"
    assert body.taken == 1
    assert next(iterator) == b"two"
    assert body.taken == 2
    result.close()


def test_blocks_are_the_very_objects(archive):
    block = bytearray(b"x" * 100)
    result = archive.wrap(answering(iter([block])))(environ_for(), lambda *a: None)
    assert next(iter(result)) is block
    result.close()


def test_length_only_where_the_body_has_one(archive):
    sized = archive.wrap(answering(Sized(b"one")))(environ_for(), lambda *a: None)
    assert hasattr(sized, "__len__") and len(sized) == 1
    plain = archive.wrap(answering(Blocks(b"one")))(environ_for(), lambda *a: None)
    assert not hasattr(plain, "__len__")
    with pytest.raises(TypeError):
        len(plain)
    sized.close()
    plain.close()


def test_length_that_raises(archive):
    class Broken(Blocks):
        def __len__(self):
            raise RuntimeError("no length today")

    result = archive.wrap(answering(Broken(b"x")))(environ_for(), lambda *a: None)
    with pytest.raises(RuntimeError, match="no length today"):
        len(result)
    assert [block for block in result] == [b"x"]  # list() would ask for it
    result.close()


def test_client_goes_away(archive):
    body = Blocks(b"one", b"two", b"three")
    response = serve(archive.wrap(answering(body)), blocks=1)
    assert response.body == b"one"
    assert (body.taken, body.closed) == (1, 1)
    assert archive.one().json["ended"] == "closed"
    assert archive.one().json["bytes_sent"] == 3


def test_close_without_iteration(archive):
    body = Blocks(b"one")
    result = archive.wrap(answering(body))(environ_for(), lambda *a: None)
    result.close()
    assert (body.iterated, body.closed) == (0, 1)
    assert archive.one().json["bytes_sent"] == 0


def test_close_reaches_the_body_once(archive):
    body = Blocks(b"one")
    result = archive.wrap(answering(body))(environ_for(), lambda *a: None)
    list(result)
    for _ in range(3):
        result.close()
    del result
    assert body.closed == 1
    assert archive.one().json["ended"] == "closed"


def test_close_is_called_on_the_body_not_on_its_iterator(archive):
    closed = []

    class Iterator:
        def __next__(self):
            raise StopIteration

        def __iter__(self):
            return self

        def close(self):
            closed.append("iterator")

    class Body:
        def __iter__(self):
            return Iterator()

        def close(self):
            closed.append("body")

    serve(archive.wrap(answering(Body())))
    assert closed == ["body"]


def test_exhausted_and_never_closed(archive):
    body = Blocks(b"one")
    serve(archive.wrap(answering(body)), close=False)
    assert body.closed == 0  # that is the server's to call
    assert archive.one().json["ended"] == "exhausted"
    assert archive.one().json["bytes_sent"] == 3


def test_dropped_halfway(archive):
    serve(archive.wrap(answering(Blocks(b"one", b"two"))), blocks=1, close=False)
    assert archive.one().json["ended"] == "dropped"


def test_body_without_close(archive):
    response = serve(archive.wrap(answering(iter([b"one", b"two"]))))
    assert response.body == b"onetwo"
    assert archive.one().json["ended"] == "closed"


def test_next_after_the_end(archive):
    result = archive.wrap(answering(iter([b"one"])))(environ_for(), lambda *a: None)
    iterator = iter(result)
    assert list(iterator) == [b"one"]
    with pytest.raises(StopIteration):
        next(iterator)
    result.close()
    with pytest.raises(StopIteration):
        next(iterator)
    assert archive.one().json["bytes_sent"] == 3


def test_iterated_again(archive):
    """A body that can be begun anew is, each time iter() is asked... by the server's
    own wrappers, which ask more than once."""
    result = archive.wrap(answering(Blocks(b"one", b"two")))(environ_for(), lambda *a: None)
    assert next(iter(result)) == b"one"
    assert next(iter(iter(result))) == b"two"
    result.close()


def test_generator_application(archive):
    started = []

    def app(environ, start_response):
        started.append(1)
        start_response(*OK)
        yield b"one"
        yield b"two"

    middleware = archive.wrap(app)
    statuses = []
    result = middleware(environ_for(), lambda status, headers: statuses.append(status))
    assert statuses == [] and started == []  # nothing ran yet, and nothing is assumed
    assert next(iter(result)) == b"one"
    assert statuses == ["200 OK"]
    result.close()
    snapshot = archive.one()
    assert snapshot.json["status"] == "200 OK"
    assert snapshot.calls()["app"] >= 1


def test_application_is_called_before_it_is_iterated(archive):
    called = []

    def app(environ, start_response):
        called.append(1)
        start_response(*OK)
        return iter([b"x"])

    result = archive.wrap(app)(environ_for(), lambda *a: None)
    assert called == [1]
    result.close()


@pytest.mark.parametrize("body", [None, 0, object(), 3.5])
def test_not_iterable(archive, body):
    errors = []
    for app in (answering(body), archive.wrap(answering(body))):
        with pytest.raises(TypeError) as info:
            serve(app)
        errors.append(str(info.value))
    assert errors[0] == errors[1]
    assert len(archive.snapshots()) == 1


@pytest.mark.parametrize("body", [b"ab", "ab", {b"a": 1}, {b"a"}, range(3), bytearray(b"x")])
def test_unusual_iterables(archive, body):
    """Wrong ones too: the server sees the same values."""
    plain = serve_values(answering(body))
    assert serve_values(archive.wrap(answering(body))) == plain
    assert len(archive.snapshots()) == 1


def serve_values(app):
    result = app(environ_for(), lambda *a: None)
    try:
        return list(result)
    finally:
        if hasattr(result, "close"):
            result.close()


def test_sequence_protocol_alone(archive):
    class Old:
        def __getitem__(self, i):
            return [b"a", b"b"][i]

    assert serve_values(archive.wrap(answering(Old()))) == [b"a", b"b"]


def test_file_wrapper_that_is_a_type(archive, tmp_path):
    (tmp_path / "file").write_bytes(b"content")

    def app(environ, start_response):
        start_response(*OK)
        return environ["wsgi.file_wrapper"](open(str(tmp_path / "file"), "rb"))

    environ = {"wsgi.file_wrapper": FileWrapper}
    response = serve(archive.wrap(app), **environ)
    assert type(response.result) is FileWrapper
    assert response.body == b"content"
    json = archive.one().json
    assert json["ended"] == "file"
    assert json["bytes_sent"] is None


def test_file_wrapper_that_is_a_function(archive):
    """As uWSGI has it: it tells its own object by its address, and the object may
    have read() and nothing else."""
    made = []

    class Readable:
        def read(self, size=-1):
            return b""

    def wrapper(file, block_size=8192):
        made.append((file, block_size, Readable()))
        return made[-1][2]

    def app(environ, start_response):
        start_response(*OK)
        return environ["wsgi.file_wrapper"](io.BytesIO(), 100)

    result = archive.wrap(app)(environ_for(**{"wsgi.file_wrapper": wrapper}), lambda *a: None)
    assert result is made[0][2]
    assert made[0][1] == 100
    assert archive.one().json["ended"] == "file"


def test_file_wrapper_that_is_not_used(archive):
    wrapped = []

    def app(environ, start_response):
        start_response(*OK)
        wrapped.append(environ["wsgi.file_wrapper"](io.BytesIO(b"x")))
        return iter([b"other"])

    for wrapper in (FileWrapper, lambda file, size=0: FileWrapper(file)):
        response = serve(archive.wrap(app), **{"wsgi.file_wrapper": wrapper})
        assert response.body == b"other"
    assert {s.json["ended"] for s in archive.snapshots()} == {"closed"}


def test_file_wrapper_that_raises(archive):
    def wrapper(file):
        raise OSError("no file")

    def app(environ, start_response):
        try:
            environ["wsgi.file_wrapper"](1)
        except OSError as exc:
            start_response(*OK)
            return iter([str(exc).encode()])

    response = serve(archive.wrap(app), **{"wsgi.file_wrapper": wrapper})
    assert response.body == b"no file"


def test_write(archive):
    def app(environ, start_response):
        write = start_response(*OK)
        assert write(b"one") is None
        write(b"two")
        return [b"three"]

    response = serve(archive.wrap(app))
    assert response.body == b"onetwothree"
    assert archive.one().json["bytes_sent"] == 11


def test_what_write_returns_and_raises(archive):
    def app(environ, start_response):
        write = start_response(*OK)
        assert write(b"x") == 17
        with pytest.raises(BrokenPipeError):
            write(b"gone")
        return []

    def write(data):
        if data == b"gone":
            raise BrokenPipeError
        return 17

    archive.wrap(app)(environ_for(), lambda *a: write)
    assert archive.one().json["bytes_sent"] == 1


def test_server_without_write(archive):
    def app(environ, start_response):
        assert start_response(*OK) is None
        return []

    archive.wrap(app)(environ_for(), lambda *a: None)
    assert archive.one().json["status"] == "200 OK"


def test_head(archive):
    def app(environ, start_response):
        start_response(*OK)
        return iter([b"" if environ["REQUEST_METHOD"] == "HEAD" else b"body"])

    assert serve(archive.wrap(app), method="HEAD").body == b""
    assert archive.one().name.startswith("HEAD.root.")


def test_start_response_is_forwarded_as_it_is_called(archive):
    seen = []

    def start_response(*args, **kwargs):
        seen.append((args, kwargs))

    headers = [("X", "y")]

    def app(environ, start):
        start("200 OK", headers)
        start("500 Oh", headers, None)
        start("501 Oh", headers, exc_info=None)
        return []

    archive.wrap(app)(environ_for(), start_response)
    assert seen == [(("200 OK", headers), {}), (("500 Oh", headers, None), {}),
                    (("501 Oh", headers), {"exc_info": None})]
    assert seen[0][0][1] is headers


@pytest.mark.parametrize("status", [b"200 OK", None, 200, "", "\udcff", "x" * 10000, "2\n00"])
def test_odd_statuses(archive, status):
    seen = []

    def app(environ, start_response):
        start_response(status, [])
        return []

    archive.wrap(app)(environ_for(), lambda status, headers: seen.append(status))
    assert seen == [status]
    expected = status if isinstance(status, str) and status != "\udcff" else None
    assert archive.one().json["status"] == expected


def test_called_otherwise_than_as_wsgi(archive):
    """The application answers itself, be it with a TypeError."""
    def app(environ, start_response, more="nothing"):
        return [environ, start_response, more]

    middleware = archive.wrap(app)
    assert middleware(1, 2) == [1, 2, "nothing"]
    assert middleware({}, 2, 3) == [{}, 2, 3]
    assert middleware(environ={}, start_response=2) == [{}, 2, "nothing"]
    with pytest.raises(TypeError, match="app"):
        middleware({})
    assert archive.snapshots() == []
