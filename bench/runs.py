"""An archive of two runs to compare: of requests to five routes of a made-up application,
each of which calls 1,000 functions, profiled by the middleware.

    runs.py FOLDER N     N requests a run; FOLDER/old and FOLDER/new
"""
import os
import subprocess
import sys
from wsgiref.util import setup_testing_defaults

ROUTES, MODULES, FUNCTIONS, HELPERS = 5, 40, 944, 50

BUILTINS = "len(x)", "x.get(1)", "isinstance(x, dict)", "sorted(x)", "x.items()", "id(x)"


def call(number):
    return "m%02d.f%03d(x)" % (number % MODULES, number)


def source(module, grows):
    """Functions call three others each, which makes a tree of them all, a helper that
    others call, too, and one of BUILTINS. In the newer run one of them calls more."""
    lines = ["from . import helpers, %s" % ", ".join("m%02d" % n for n in range(MODULES)), ""]
    for number in range(module, FUNCTIONS, MODULES):
        children = [child for child in range(3 * number + 1, 3 * number + 4) if child < FUNCTIONS]
        body = [call(child) for child in children]
        body += ["helpers.h%02d(x)" % (number % HELPERS)] * (1 + (grows and number == 7))
        lines += ["def f%03d(x):" % number] + ["    " + line for line in body]
        lines += ["    " + BUILTINS[number % len(BUILTINS)], "", ""]
    return "\n".join(lines)


def write_application(folder, grows):
    package = os.path.join(folder, "shop", "application")
    os.makedirs(package, exist_ok=True)
    files = {"m%02d.py" % module: source(module, grows) for module in range(MODULES)}
    files["__init__.py"] = ""
    files["helpers.py"] = "\n\n\n".join("def h%02d(x):\n    return x.get(%d), len(x)" % (n, n)
                                        for n in range(HELPERS))
    for name, text in files.items():
        with open(os.path.join(package, name), "w") as file:
            file.write(text)


def serve(folder, run, requests):
    sys.path.insert(0, os.path.join(folder, "shop"))
    os.environ["CPROF_RUN"] = run
    from application import m00
    from cprof import CProfMiddleware

    def application(environ, start_response):
        environ["cprof.route"] = "/" + environ["PATH_INFO"].split("/")[1] + "/{id}"
        m00.f000({})
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    middleware = CProfMiddleware(application, directory=folder)
    for number in range(requests):
        environ = {}
        setup_testing_defaults(environ)
        environ["PATH_INFO"] = "/r%d/%d" % (number % ROUTES, number)
        b"".join(middleware(environ, lambda status, headers, exc_info=None: None))
        if number % 20 == 0:
            middleware.flush(60)  # its queue holds no more than so many
    middleware.flush(60)


def make(folder, requests):
    """Paths of the two runs."""
    runs = [os.path.join(folder, name) for name in ("old", "new")]
    for grows, run in enumerate(runs):
        if not os.path.isdir(run):
            write_application(folder, grows)
            subprocess.run([sys.executable, os.path.abspath(__file__), folder, os.path.basename(run),
                            str(requests)], check=True, stdout=subprocess.DEVNULL)
    return runs


if __name__ == "__main__":
    if len(sys.argv) == 4:
        serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        print("\n".join(make(sys.argv[1], int(sys.argv[2]))))
