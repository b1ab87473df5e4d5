"""What a snapshot says of the work its request handed on."""

import concurrent.futures
import threading

THREAD = "<started thread>"
JOB = "<executor job>"
TASK = "<asyncio task>"
STRANDS = (THREAD, JOB, TASK)

STARTS = threading.Thread.start
SUBMITS = concurrent.futures.ThreadPoolExecutor.submit


def assert_restored():
    assert threading.Thread.start is STARTS
    assert concurrent.futures.ThreadPoolExecutor.submit is SUBMITS


def beside(snapshot, root):
    """{"a;b": calls} below a strand: functions of the same file as the called one,
    by their bare names."""
    found = {}
    for stack, values in snapshot.pprof.samples:
        if len(stack) > 1 and stack[0].name == root and stack[-1].file != "~":
            path = ";".join(f.name for f in stack[1:] if f.file == stack[-1].file)
            found[path] = found.get(path, 0) + values["calls"]
    return found


def own_functions(snapshot):
    """Names of what ran in the request itself."""
    return {f.name for stack, _ in snapshot.pprof.samples for f in stack
            if stack[0].name not in STRANDS}


def times(snapshot):
    """{root: ns}: of the request under None, then of each kind of strand."""
    found = {}
    for stack, values in snapshot.pprof.samples:
        root = stack[0].name if stack and stack[0].name in STRANDS else None
        found[root] = found.get(root, 0) + values["wall"]
    return found


def kinds(snapshot):
    """[(kind, cut)] in no order."""
    return sorted((one["kind"], one["cut"]) for one in snapshot.json["followed"])


def answer(start_response, body=b"done"):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]


def app_of(function):
    """A WSGI application that calls it once per request."""

    def app(environ, start_response):
        function()
        return answer(start_response)

    return app
