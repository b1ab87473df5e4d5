"""cprof where its C core is not to be had: in all interpreters of a process but one,
and on builds of CPython without a GIL. Requests pass as if nothing were there, which
is said in the log once; who asks for a profile is told why there is none.
"""

import types

from cprof import _cprof, _log, _wrapping

said = False


def say():
    global said
    if not said:
        said = True
        _log.warn("nothing is profiled here: " + _cprof.unavailable)


def refuse():
    raise RuntimeError(_cprof.unavailable)


class CProfMiddleware:
    """CProfMiddleware(app, ...): passes every request on as it is."""

    def __init__(self, app, directory=None, **options):
        if not callable(app):
            raise TypeError("app must be a WSGI callable, not " + type(app).__name__)
        self.app = app
        self.wsgi_app = getattr(app, "wsgi_app", None)
        self.outermost = self.is_inside = None
        say()

    def leads_here(self, wrapper):
        if isinstance(wrapper, types.MethodType) and wrapper.__self__ is self.app:
            return False
        if wrapper is not self.outermost:
            self.is_inside = _wrapping.leads_to(wrapper, self)
            self.outermost = wrapper
        return self.is_inside

    def __call__(self, environ, start_response):
        # Of an object with wsgi_app the object itself, so that wrappers put around that
        # later still count; unless they have been through already.
        target = self.app
        if self.wsgi_app is not None and self.leads_here(target.wsgi_app):
            target = self.wsgi_app
        return target(environ, start_response)

    @property
    def counts(self):
        return {"seen": 0, "kept": 0, "dropped": 0}

    def flush(self, timeout=None):
        return True


def flush(timeout=None):
    """There is nothing to wait for."""
    return True


class label:
    """There are no snapshots to say so."""

    def __init__(self, text):
        if not isinstance(text, str):
            raise TypeError("a label is a str, not %r" % (text,))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass


def profile(function=None, **options):
    """The function itself."""
    say()
    return function if function is not None else lambda function: function


class Profile:
    def __init__(self, *args, **kwargs):
        refuse()


def run(statement, filename=None, sort=-1):
    refuse()


def runctx(statement, globals, locals, filename=None, sort=-1):
    refuse()
