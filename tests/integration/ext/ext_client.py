"""A WSGI server in a few lines: calls an application as PEP 3333 says and keeps
everything the server gets to see."""

import io
import os
import sys
from urllib.parse import unquote_to_bytes

# The interpreter runs under a sanitizer (see ci/test-python).
instrumented = "libasan" in os.environ.get("LD_PRELOAD", "")


def environ_for(path="/", method="GET", **extra):
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ.update(extra)
    return environ


class Response:
    def __init__(self):
        self.status = None
        self.headers = None
        self.blocks = []  # by write() and by iteration, in order
        self.result = None  # what the application returned to the server
        self.starts = 0  # calls of start_response

    @property
    def body(self):
        return b"".join(self.blocks)

    def seen(self):
        """What the client would see."""
        return self.status, self.headers, self.body

    def start_response(self, status, headers, exc_info=None):
        self.starts += 1
        try:
            if exc_info is not None and self.blocks:
                raise exc_info[1].with_traceback(exc_info[2])
            assert self.status is None or exc_info is not None, "start_response called twice"
        finally:
            exc_info = None
        self.status, self.headers = status, headers
        return self.blocks.append


def serve(app, path="/", method="GET", blocks=None, close=True, **extra):
    """The response to one request; `blocks`: the client goes away after so many."""
    response = Response()
    environ = environ_for(path, method, **extra)
    response.result = app(environ, response.start_response)
    try:
        for block in response.result:
            response.blocks.append(block)
            if blocks is not None and len(response.blocks) >= blocks:
                break
    finally:
        if close and hasattr(response.result, "close"):
            response.result.close()
    return response


def failure(app, *args, **kwargs):
    """The exception that reaches the server, and the functions in its traceback
    from this file on."""
    try:
        serve(app, *args, **kwargs)
    except BaseException as exc:  # noqa: BLE001 - SystemExit and the like are asked for
        names = []
        tb = sys.exc_info()[2]
        while tb is not None:
            names.append(tb.tb_frame.f_code.co_name)
            tb = tb.tb_next
        return exc, names
    raise AssertionError("no exception reached the server")
