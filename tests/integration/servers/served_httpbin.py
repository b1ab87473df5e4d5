"""httpbin as its users run it, or with BARE=1 without the middleware."""
import os

from httpbin import app

if "BARE" not in os.environ:
    from cprof import CProfMiddleware

    app.wsgi_app = CProfMiddleware(app)
