"""cprof: profiles each request of a WSGI application and archives it.

    app.wsgi_app = CProfMiddleware(app)

writes profiling/RUN/METHOD.route.NNNNNNms/ for every request; the command
`cprof` tags, draws and compares what is there.
"""

from cprof._cprof import CProfMiddleware, Profile, __version__, flush

__all__ = ["CProfMiddleware", "Profile", "__version__", "flush"]
