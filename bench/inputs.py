"""Profiles to measure with, each of a real run under cProfile, in a process of its own:

    small    one request of examples/flask_app, the first of Flask's test client: 380 functions
    medium   what `django-admin check` does: 3,200
    large    both of these, importing what is installed and the standard library with its
             tests, running some of them, and looking at all of it: 19,000 functions, 39,000
             arcs where those tests are installed (Debian has them in libpython3-testsuite)

    inputs.py FOLDER               makes FOLDER/small.prof, medium.prof, large.prof
    inputs.py FOLDER requests:N    makes FOLDER/000001.prof ..., N requests one by one
"""
import cProfile
import os
import pkgutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = "small", "medium", "large"


def flask_app():
    sys.path.insert(0, os.path.join(HERE, "..", "examples", "flask_app"))
    import flask
    from app import app
    app.wsgi_app = flask.Flask.wsgi_app.__get__(app)  # the example profiles itself
    return app


def flask_requests():
    from werkzeug.test import create_environ
    app = flask_app()

    def request(path):
        environ = create_environ(path)
        return lambda: list(app.wsgi_app(environ, lambda status, headers, exc_info=None: None))
    return request


def small():
    client = flask_app().test_client()
    return lambda: client.get("/")


def requests(folder, n):
    request = flask_requests()
    paths = "/", "/user/1", "/user/2", "/report", "/nowhere"
    for number in range(1, n + 1):
        run = request(paths[number % len(paths)])
        profiler = cProfile.Profile()
        profiler.runcall(run)
        profiler.dump_stats(os.path.join(folder, "%06d.prof" % number))


def medium():
    from django.conf import settings
    settings.configure(INSTALLED_APPS=["django.contrib." + app for app in (
        "admin", "auth", "contenttypes", "sessions", "messages")], SECRET_KEY="bench", USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})

    def run():
        import django
        from django.core.management import call_command
        django.setup()
        call_command("check", stdout=open(os.devnull, "w"), fail_level="CRITICAL")
    return run


def look_at(value):
    import inspect
    try:
        if inspect.isfunction(value) or inspect.isclass(value):
            inspect.signature(value)
            inspect.getdoc(value)
    except Exception:  # noqa: some objects are made only when they are asked
        pass


# What acts when it is imported: opens a browser, or runs tests, some of which turn
# profiling off.
SKIPPED = {"antigravity", "this", "idlelib", "test", "tests", "turtledemo", "__main__"}


def import_all(path, prefix, depth):
    for module in sorted(pkgutil.iter_modules(path), key=lambda found: found.name):
        if module.name in SKIPPED or module.name.startswith("_pytest"):
            continue
        try:
            __import__(prefix + module.name)
        except BaseException:  # noqa: what cannot be imported here is left
            continue
        package = sys.modules.get(prefix + module.name)
        if depth and hasattr(package, "__path__"):
            import_all(package.__path__, prefix + module.name + ".", depth - 1)


RUN = "difflib", "enum", "typing"


def tests():
    """Imports those of the standard library, and runs some that only compute."""
    try:
        import test
    except ImportError:
        return
    import unittest
    for module in sorted(found.name for found in pkgutil.iter_modules(test.__path__)):
        if module.startswith("test_"):
            try:
                __import__("test." + module)
            except BaseException:  # noqa: those that are for other systems
                pass
    with open(os.devnull, "w") as null:
        for name in RUN:
            module = sys.modules.get("test.test_" + name)
            if module is not None:
                unittest.TextTestRunner(null).run(unittest.defaultTestLoader.loadTestsFromModule(module))


def large():
    request, check = small(), medium()

    def run():
        request()
        check()
        sys.path.remove(HERE)  # where programs lie that measure
        import_all(None, "", 4)
        tests()
        for module in [module for _, module in sorted(sys.modules.items())]:
            for _, value in sorted((getattr(module, "__dict__", None) or {}).items()):
                look_at(value)
        the_end()
    return run


def the_end():
    pass


def main():
    if len(sys.argv) == 3 and sys.argv[2].startswith("requests:"):
        requests(sys.argv[1], int(sys.argv[2].partition(":")[2]))
    elif len(sys.argv) == 3:
        path, size = sys.argv[1:]
        run = globals()[size]()
        profiler = cProfile.Profile()
        profiler.enable()
        run()
        profiler.disable()
        profiler.dump_stats(path)
        # A module that turned profiling off, and nobody on again.
        lost = size == "large" and not any(row.code is the_end.__code__ for row in profiler.getstats())
        os._exit(lost)  # not what was imported may still want to do at the end
    else:
        make(sys.argv[1])


def make(folder):
    """{size: path of the .prof}"""
    paths = {size: os.path.join(folder, size + ".prof") for size in SIZES}
    for size, path in paths.items():
        if not os.path.exists(path):
            subprocess.run([sys.executable, os.path.abspath(__file__), path, size], check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    return paths


if __name__ == "__main__":
    main()
