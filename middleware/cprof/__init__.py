"""cprof: profiles each request of a WSGI application and archives it.

    app.wsgi_app = CProfMiddleware(app)

writes profiling/RUN/METHOD.route.NNNNNNms/ for every request; the command
`cprof` tags, draws and compares what is there.
"""

# Now: what the extension calls on must not be looked for on a disk that is in
# trouble, nor without a file descriptor to open it.
from cprof import _log, _routes, _wrapping  # noqa: F401
from cprof._cprof import CProfMiddleware, Profile, __version__, flush

__all__ = ["CProfMiddleware", "Profile", "__version__", "flush"]
