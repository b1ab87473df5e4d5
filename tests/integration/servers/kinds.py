"""The kinds of servers, each with the command that starts it."""
import signal
import sys

from serving import script


class Kind:
    """`family`: kinds of one family answer alike without the middleware.
    `file_ends`: how a snapshot says that a file was sent, "file" when by the
    server itself. `nprocesses` serve. `titles`: with setproctitle. `abandons`: its
    threads end with the process, be they done or not."""

    def __init__(self, name, family, command, nprocesses=1,
                 stop_signal=signal.SIGTERM, file_ends="file", titles=False,
                 abandons=False):
        self.name, self.family, self.command = name, family, command
        self.nprocesses, self.stop_signal, self.file_ends = nprocesses, stop_signal, file_ends
        self.titles, self.abandons = titles, abandons

    def __repr__(self):
        return self.name


def gunicorn(worker, *options, nworkers=4):
    return [sys.executable, script("gunicorn"), "-k", worker, "-w", str(nworkers),
            "-b", "127.0.0.1:{port}", "--no-control-socket", "-c", "python:gunicorn_hooks", *options,
            "served_app:app"]


def uwsgi(*options, graceful=True):
    """Of itself it takes SIGTERM for a reload, or with --die-on-term breaks requests off."""
    on_term = (["--hook-master-start", "unix_signal:15 gracefully_kill_them_all"] if graceful
               else ["--die-on-term"])
    return [script("uwsgi"), "--http-socket", "127.0.0.1:{port}", "--master", "--need-app",
            "--module", "served_app:app", *on_term, *options]


KINDS = [
    Kind("gunicorn-sync", "sync", gunicorn("sync"), 4),
    Kind("gunicorn-sync-preload", "sync", gunicorn("sync", "--preload"), 4),
    Kind("gunicorn-sync-titles", "sync", gunicorn("sync"), 4, titles=True),
    Kind("gunicorn-sync-preload-titles", "sync", gunicorn("sync", "--preload"), 4, titles=True),
    Kind("gunicorn-gthread", "gthread", gunicorn("gthread", "--threads", "3"), 4),
    Kind("gunicorn-gthread-preload", "gthread", gunicorn("gthread", "--threads", "3", "--preload"), 4),
    Kind("gunicorn-gevent", "gevent", gunicorn("gevent"), 4),
    Kind("gunicorn-gevent-preload", "gevent", gunicorn("gevent", "--preload"), 4),
    Kind("uwsgi", "uwsgi", uwsgi()),
    Kind("uwsgi-2-processes", "uwsgi", uwsgi("--processes", "2"), 2),
    Kind("uwsgi-lazy-threads", "uwsgi",
         uwsgi("--processes", "2", "--threads", "3", "--lazy-apps"), 2),
    Kind("waitress", "waitress",
         [sys.executable, script("waitress-serve"), "--listen", "127.0.0.1:{port}", "served_app:app"],
         stop_signal=signal.SIGINT),
    # Neither of them has a wsgi.file_wrapper: Flask sends its file block by block.
    Kind("flask", "flask",
         [sys.executable, "-m", "flask", "--app", "served_app", "run", "--port", "{port}"],
         stop_signal=signal.SIGINT, file_ends="closed", abandons=True),
    Kind("flask-reload", "flask",
         [sys.executable, "-m", "flask", "--app", "served_app", "run", "--port", "{port}", "--reload"],
         stop_signal=signal.SIGINT, file_ends="closed", abandons=True),
    Kind("cheroot", "cheroot",
         [sys.executable, script("cheroot"), "--bind", "127.0.0.1:{port}", "served_app:app"],
         stop_signal=signal.SIGINT, file_ends="closed"),
    Kind("wsgiref", "wsgiref", [sys.executable, "-m", "serve_wsgiref", "{port}"]),
]
