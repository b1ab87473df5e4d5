"""Three requests each to two routes of a small application, profiled.

    python serve_requests.py FOLDER RUN N     N: how often /item/{id} calls item()
"""
import os
import sys
from wsgiref.util import setup_testing_defaults

folder, run, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ["CPROF_RUN"] = run

from cprof import CProfMiddleware # noqa: E402: the environment comes first

# Two methods of one name on one line.
exec(compile("class A:\n    def same(self): return 1\n", "same.py", "exec"))
exec(compile("class B:\n    def same(self): return 2\n", "same.py", "exec"))


class Shop:
    def item(self, number):
        return abs(number)

    def handle(self):
        for number in range(calls):
            self.item(number)


def unrelated():
    return sorted([3, 1, 2])


def application(environ, start_response):
    if environ["PATH_INFO"] == "/":
        environ["cprof.route"] = "/"
        unrelated()
    else:
        environ["cprof.route"] = "/item/{id}"
        Shop().handle()
        unrelated()
        A().same(), B().same() # noqa: F821: made above
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


middleware = CProfMiddleware(application, directory=os.path.join(folder, "profiling"))
for path in ["/", "/item/7"] * 3:
    environ = {}
    setup_testing_defaults(environ)
    environ["PATH_INFO"] = path
    b"".join(middleware(environ, lambda status, headers, exc_info=None: None))
middleware.flush(60)
