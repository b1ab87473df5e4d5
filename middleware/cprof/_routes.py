"""Which route a request took, as its framework calls it.

`route_of` is asked when the response starts, or at the end if it never did; the
middleware falls back on the path where the answer is None. Templates come back
as the framework writes them ("/user/<int:id>"); the archive gives them one form.
"""

import io
import sys

UNMATCHED = "{unmatched}"


def route_of(environ, app, status):
    """The route's template, UNMATCHED, or None where it cannot be known."""
    chosen = environ.get("cprof.route")
    if chosen is not None:
        return chosen
    for find in (_werkzeug, _bottle, _pyramid, _django):
        template = find(environ, app, status)
        if template is not None:
            return template
    return None


def _werkzeug(environ, app, status):
    if "werkzeug.request" not in environ:
        # Answered beside the framework: by an application mounted in a dispatcher.
        return None
    request = environ["werkzeug.request"]
    if request is not None:
        rule = getattr(request, "url_rule", None)
        if rule is not None:
            return rule.rule
        # An exception is there only if the router was asked.
        return _unmatched(getattr(request, "routing_exception", None))
    # Flask drops the request from the environ with its context: an exception
    # that passes through leaves only the map to ask. CProfMiddleware(app.wsgi_app)
    # has a method of the application.
    url_map = getattr(getattr(app, "__self__", app), "url_map", None)
    if url_map is None or not hasattr(url_map, "bind_to_environ"):
        return None
    adapter = url_map.bind_to_environ(environ)
    try:
        rule, _ = adapter.match(return_rule=True)
    except Exception as exc:
        return _unmatched(exc)
    return rule.rule


def _unmatched(exc):
    """Of what the router raised. A redirect to the URL with a slash is the routed
    answer to another."""
    return UNMATCHED if getattr(exc, "code", None) in (404, 405) else None


def _bottle(environ, app, status):
    route = environ.get("bottle.route")
    if route is not None:
        return route.rule
    if "bottle.app" in environ and status.startswith(("404", "405")):
        return UNMATCHED
    return None


def _pyramid(environ, app, status):
    if type(app).__module__ != "pyramid.router":
        return None
    # No link leads from the environ to the request, so the routes are asked again.
    # A predicate of theirs that reads the body must not wait for a client.
    again = dict(environ, CONTENT_LENGTH="0")
    again["wsgi.input"] = io.BytesIO()
    request = app.request_factory(again)
    request.registry = app.registry
    route = app.routes_mapper(request)["route"] if app.routes_mapper else None
    if route is not None:
        return route.pattern if route.pattern.startswith("/") else "/" + route.pattern
    # Traversal has no templates, but a router without any match has said so.
    return UNMATCHED if status.startswith("404") else None


def _django(environ, app, status):
    wsgi = sys.modules.get("django.core.handlers.wsgi")
    if wsgi is None:
        return None
    clients = sys.modules.get("cprof._clients")
    if clients is not None and isinstance(app, clients.DjangoCall):
        # A test's: of a handler that is no WSGI application, but hands out its request.
        match = getattr(getattr(app.response, "wsgi_request", None), "resolver_match", None)
        if match is not None:
            return "/" + match.route
    elif not isinstance(app, wsgi.WSGIHandler):
        return None
    from django.urls import Resolver404, resolve

    path = wsgi.get_path_info(environ)
    try:
        return "/" + resolve(path).route
    except Resolver404:
        return UNMATCHED
