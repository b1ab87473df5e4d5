"""The test clients of Flask (Werkzeug's) and Django, so that what they send passes
through CProfMiddleware although nobody wrapped the application.

Each client is changed when its module is imported, or at once if it has been: a
suite that uses none of them imports none.
"""

import functools
import weakref

from cprof._cprof import CProfMiddleware
from cprof._imports import Hooks

# Applications that were called last: not all are kept that a test makes.
KEPT = 8
# Requests past which those that are over are not looked after any more.
OPEN = 1000


class Clients:
    """install() makes requests of test clients go through `options`' CProfMiddleware;
    remove() ends that. `sent` counts them, and `unprofiled` those of clients that
    cannot be profiled."""

    def __init__(self, **options):
        self.options = options
        self.sent = 0
        self.unprofiled = 0
        self.applications = []  # (application, what is called in place of it)
        # References to requests. Other threads may send some at any time, hence no set.
        self.open = []
        self.undo = []
        self.hooks = Hooks({"werkzeug.test": self.change_werkzeug,
                            "django.test.client": self.change_django})

    def install(self):
        self.hooks.install()

    def remove(self):
        self.hooks.remove()
        while self.undo:
            target, name, original = self.undo.pop()
            setattr(target, name, original)
        self.finish()
        self.forget()

    def forget(self):
        """Keeps no application alive."""
        self.applications.clear()

    def finish(self):
        """Requests whose bodies nobody closed end here: tests seldom do."""
        references, self.open = self.open, []
        for reference in references:
            request = reference()
            if request is not None:
                request._finish()

    def change(self, target, name, replacement):
        original = getattr(target, name)
        setattr(target, name, functools.wraps(original)(replacement))
        self.undo.append((target, name, original))

    def send(self, middleware, environ, start_response):
        self.sent += 1
        body = middleware(environ, start_response)
        request = environ.get("cprof.request")
        if hasattr(request, "_finish"):
            self.open.append(weakref.ref(request))
            if len(self.open) > OPEN:
                self.open = [reference for reference in self.open if reference() is not None]
        return body

    def change_werkzeug(self, module):
        run_wsgi_app = module.run_wsgi_app

        def replacement(app, *args, **kwargs):
            return run_wsgi_app(self.wrapped(app), *args, **kwargs)

        self.change(module, "run_wsgi_app", replacement)

    def wrapped(self, app):
        for known, wrapped in self.applications:
            if known is app:
                return wrapped
        if not callable(app):
            return app
        middleware = CProfMiddleware(app, **self.options)

        def wrapped(environ, start_response):
            # An application that asks another on behalf of its own request.
            if "cprof.request" in environ:
                return app(environ, start_response)
            return self.send(middleware, environ, start_response)

        self.applications.insert(0, (app, wrapped))
        del self.applications[KEPT:]
        return wrapped

    def change_django(self, module):
        handle = module.ClientHandler.__call__

        def replacement(handler, environ):
            call = DjangoCall(handle, handler)
            body = self.send(CProfMiddleware(call, **self.options), environ, _start_response)
            if call.streams:
                # By map(), which has no close(): the response would call it in the
                # middle of the last block.
                call.response.streaming_content = map(bytes, _blocks(body))
            return call.response

        self.change(module.ClientHandler, "__call__", replacement)
        if hasattr(module, "AsyncClientHandler"):
            self.change_async_django(module.AsyncClientHandler)

    def change_async_django(self, handler_class):
        handle = handler_class.__call__

        async def replacement(handler, scope):
            self.unprofiled += 1
            return await handle(handler, scope)

        self.change(handler_class, "__call__", replacement)


def _start_response(status, headers, exc_info=None):
    """Nobody waits for it: Django's client takes the response object itself."""


def _blocks(body):
    try:
        yield from body
    finally:
        if hasattr(body, "close"):
            body.close()


class DjangoCall:
    """One request of Django's client as a WSGI application: the client calls a handler
    that has no start_response and returns a response object."""

    def __init__(self, handle, handler):
        self.handle = handle
        self.handler = handler
        self.response = None
        self.streams = False

    def __call__(self, environ, start_response):
        response = self.response = self.handle(self.handler, environ)
        start_response("%d %s" % (response.status_code, response.reason_phrase), [])
        if not response.streaming:
            return (response.content,)
        # What an asynchronous one sends is not profiled.
        self.streams = not getattr(response, "is_async", False)
        return response.streaming_content if self.streams else ()
