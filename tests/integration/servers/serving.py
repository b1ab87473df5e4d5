"""Servers in processes of their own, and what a client hears from them."""
import contextlib
import http.client
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
# Bounds against hanging, not expectations: the machine may be busy.
START_S = 60
STOP_S = 60
ANSWER_S = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=START_S):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("%s: not within %d seconds" % (what, seconds))
        time.sleep(0.02)


class Answer:
    """One response as the client got it. What differs by itself is left out."""

    def __init__(self, status, reason, headers, body, error):
        self.status, self.reason, self.body, self.error = status, reason, body, error
        self.headers = sorted((name.lower(), value) for name, value in headers
                              if name.lower() not in ("date", "last-modified"))

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return "<%s %s %r %d bytes %r %s>" % (self.status, self.reason, self.headers,
                                              len(self.body), self.body[:80], self.error or "")


def ask(port, method, path, body=None, headers=(), host="cprof.test"):
    """One request on a connection of its own. An answer that breaks off is one too."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    try:
        # One Host for all ports: applications write it into their answers.
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in [("Host", host), *dict(headers).items()]:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        try:
            response = connection.getresponse()
        except (http.client.HTTPException, ConnectionError) as error:
            return Answer(None, None, [], b"", type(error).__name__)
        error = None
        try:
            content = response.read()
        except http.client.IncompleteRead as incomplete:
            content, error = incomplete.partial, "IncompleteRead"
        except ConnectionError as broken:
            content, error = b"", type(broken).__name__
        return Answer(response.status, response.reason, response.getheaders(), content, error)
    finally:
        connection.close()


def ask_all(port, requests, nclients=8):
    """The requests, (method, path) each, by so many clients at once; answers in order."""
    with ThreadPoolExecutor(nclients) as clients:
        return list(clients.map(lambda request: ask(port, *request), requests))


def go_away(port, path):
    """Reads the start of a response, then resets the connection."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_S) as connection:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: cprof.test\r\n\r\n" % path.encode())
        start = b""
        while b"\r\n\r\n" not in start or len(start) < 10000:
            block = connection.recv(10000)
            assert block, "the stream ended before the client went away: %r" % start[:200]
            start += block
        # Linger zero: close() sends a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hear_ctrl_c():
    """A shell's background jobs ignore it, and so would the servers they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Server:
    """A server process and its children, in a session of their own.

    `command` may hold {port}. `stop_signal` is the one this kind of server
    takes for "finish what you are doing", `to_group` like Ctrl-C in a terminal;
    `import_from` comes first on PYTHONPATH.
    """

    def __init__(self, command, work, environment=(), stop_signal=signal.SIGTERM, to_group=False,
                 import_from=()):
        self.command, self.work, self.stop_signal = command, str(work), stop_signal
        self.environment, self.import_from = dict(environment), list(import_from)
        self.to_group = to_group
        self.log = os.path.join(self.work, "server.log")
        self.process = self.port = None

    def start(self):
        # The port may be taken between the look and the server's bind.
        for _ in range(3):
            self.port = free_port()
            self._spawn([word.format(port=self.port) for word in self.command])
            if self._came_up():
                return self
            self.kill()
        raise AssertionError("the server did not start:\n" + self.log_text())

    def _spawn(self, command):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("CPROF_")}
        environment.update(self.environment, WORK=self.work, PYTHONDONTWRITEBYTECODE="1",
                           PYTHONHASHSEED="0")
        paths = [*self.import_from, HERE, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(command, cwd=self.work, env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, preexec_fn=hear_ctrl_c)

    def _came_up(self):
        def answers():
            if self.process.poll() is not None:
                return "died"
            with contextlib.suppress(OSError):
                # A connection, not a request: that would be profiled.
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return "listens"
        return wait_until(answers, "server start") == "listens"

    def log_text(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def wait(self):
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise AssertionError("the server hangs on its way out:\n" + self.log_text()) from None

    def stop(self):
        """As its operator would; the exit status."""
        (os.killpg if self.to_group else os.kill)(self.process.pid, self.stop_signal)
        status = self.wait()
        # The reloader's child and the like may outlive the first process by a moment.
        wait_until(lambda: not self.group(), "end of the server's children")
        return status

    def group(self):
        """The living processes of the session."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self):
        """All of the session at once, as the machine's end would."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


def script(name):
    """A command that pip put beside this Python."""
    return os.path.join(os.path.dirname(sys.executable), name)
