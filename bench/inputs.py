"""Profiles to measure with, each of a real run under cProfile, in a process of its own:

    small    one request of examples/flask_app, the first that is served
    medium   what `django-admin check` does
    large    importing most of the standard library and what is installed, and looking at it

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


def flask_requests():
    sys.path.insert(0, os.path.join(HERE, "..", "examples", "flask_app"))
    import flask
    from app import app
    from werkzeug.test import create_environ
    bare = flask.Flask.wsgi_app.__get__(app)  # the example profiles itself

    def request(path):
        environ = create_environ(path)
        return lambda: list(bare(environ, lambda status, headers, exc_info=None: None))
    return request


def small():
    return flask_requests()("/user/1")


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


def import_all(path, prefix, depth):
    skipped = {"antigravity", "this", "idlelib", "test", "tests", "turtledemo", "__main__"}
    for module in sorted(pkgutil.iter_modules(path), key=lambda found: found.name):
        if module.name in skipped or module.name.startswith("_pytest"):
            continue
        try:
            __import__(prefix + module.name)
        except BaseException:  # noqa: what cannot be imported here is left
            continue
        package = sys.modules.get(prefix + module.name)
        if depth and hasattr(package, "__path__"):
            import_all(package.__path__, prefix + module.name + ".", depth - 1)


def large():
    def run():
        import_all(None, "", 2)
        for module in [module for _, module in sorted(sys.modules.items())]:
            for _, value in sorted((getattr(module, "__dict__", None) or {}).items()):
                look_at(value)
    return run


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
        os._exit(0)  # not what was imported may still want to do at the end
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
