import pytest

from kinds import KINDS, Kind
from serving import Server, ask
from sessions import AT_ONCE, ONE_BY_ONE, Session, make_work, start_options


@pytest.fixture
def work(tmp_path):
    return make_work(tmp_path / "work")


@pytest.fixture
def serve(work):
    """serve(command or Kind, **environment): a running server, killed at the end."""
    servers = []

    def start(what, **environment):
        kind = what if isinstance(what, Kind) else Kind("test's own", None, what)
        server = Server(kind.command, work, **start_options(kind, work, **environment)).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def bare_answers(tmp_path_factory):
    """What a family of servers answers without the middleware, asked once."""
    known = {}

    def of(kind):
        if kind.family not in known:
            first = next(other for other in KINDS if other.family == kind.family)
            work = make_work(tmp_path_factory.mktemp("bare") / "work")
            with Server(first.command, work, **start_options(first, work, BARE="1")) as server:
                known[kind.family] = ([ask(server.port, *request) for request in ONE_BY_ONE],
                                      [ask(server.port, *request) for request in AT_ONCE])
            assert not (work / "profiling").exists()
        return known[kind.family]

    return of


@pytest.fixture(scope="module", params=KINDS, ids=repr)
def session(request, tmp_path_factory):
    kind = request.param
    return Session(kind, make_work(tmp_path_factory.mktemp(kind.name) / "work"))
