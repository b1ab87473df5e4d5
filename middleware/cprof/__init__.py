"""cprof: profiles each request of a WSGI application and archives it.

    app.wsgi_app = CProfMiddleware(app)

writes profiling/RUN/METHOD.route.NNNNNNms/ for every request; the command
`cprof` tags, draws and compares what is there. `pytest --cprof` and `python -m cprof
--requests` do that with each request of a suite's tests. Without a request around it:

    cprof.Profile          cProfile's, with several at once
    @cprof.profile         one function, each time it is called
    cprof.run(statement)
    python -m cprof SCRIPT
"""

from cprof._cprof import __version__, unavailable

if unavailable is None:
    # Now: what the extension calls on must not be looked for on a disk that is in
    # trouble, nor without a file descriptor to open it, nor while another thread
    # forks: a child would wait for an import that it has no thread for.
    from cprof import _calibration, _log, _routes, _wrapping  # noqa: F401
    from cprof._cprof import CProfMiddleware, flush
    from cprof._decorator import profile
    from cprof._label import label
    from cprof._profile import Profile, run, runctx
else:
    from cprof._absent import CProfMiddleware, Profile, flush, label, profile, run, runctx

__all__ = ["CProfMiddleware", "Profile", "__version__", "flush", "label", "profile", "run",
           "runctx"]
