"""A project with tests of its own, on Flask, on Django and on nothing, and what its
suite leaves in the archive."""

import gzip
import json
import marshal
import os
import subprocess
import sys

FLASK_APP = '''
import flask
from cprof import CProfMiddleware

app = flask.Flask(__name__)

def look_up(id):
    return "user %d" % id

@app.get("/user/<int:id>")
def show(id):
    return look_up(id)

@app.get("/old/<int:id>")
def old(id):
    return flask.redirect("/user/%d" % id)

@app.get("/stream")
def stream():
    return flask.Response(look_up(id) for id in range(3))

@app.get("/boom")
def boom():
    raise ZeroDivisionError

wrapped = flask.Flask("wrapped")
wrapped.add_url_rule("/user/<int:id>", view_func=show)
wrapped.wsgi_app = CProfMiddleware(wrapped, directory="elsewhere")
'''

DJANGO_APP = '''
import django
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

def look_up(name):
    return "hello " + name

def hello(request, name):
    return HttpResponse(look_up(name))

def boom(request):
    raise ZeroDivisionError

def stream(request):
    return StreamingHttpResponse(look_up(name) for name in "ab")

async def later(request):
    return HttpResponse(look_up("later"))

urlpatterns = [path("hello/<str:name>", hello), path("boom", boom), path("stream", stream),
               path("later", later)]
settings.configure(ROOT_URLCONF="django_app", ALLOWED_HOSTS=["*"], SECRET_KEY="x",
                   DATABASES={}, MIDDLEWARE=[])
django.setup()
'''


class Snapshot:
    def __init__(self, path):
        with open(os.path.join(path, "snapshot.json")) as file:
            self.json = json.load(file)
        with open(os.path.join(path, "profile.prof"), "rb") as file:
            self.stats = marshal.load(file)
        with gzip.open(os.path.join(path, "profile.pb.gz")) as file:
            self.pprof = file.read()

    def measures(self, metric):
        """Whether that is among the texts of the pprof file: field 6, a length, the text."""
        return b"\x32%c%s" % (len(metric), metric.encode()) in self.pprof

    def calls(self, name):
        return sum(row[1] for key, row in self.stats.items() if key[2] == name)

    @property
    def request(self):
        """(ordinal, "GET /user/{id}", 200)"""
        status = self.json["status"]
        return (self.json.get("ordinal"), "%(method)s %(route)s" % self.json,
                int(status.split()[0]) if status else None)


class Project:
    def __init__(self, path):
        self.path = path
        self.write("flask_app.py", FLASK_APP)
        self.write("django_app.py", DJANGO_APP)

    def write(self, name, text):
        file = self.path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def run(self, *arguments, status=0, **environment):
        """What a Python with these arguments says."""
        variables = {name: value for name, value in os.environ.items()
                     if not name.startswith(("CPROF_", "PYTEST_"))}
        variables.update(environment, PYTHONPATH=os.pathsep.join(
            [str(self.path), os.environ.get("PYTHONPATH", "")]))
        done = subprocess.run([sys.executable, *arguments], cwd=str(self.path), env=variables,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              universal_newlines=True, timeout=120)
        assert done.returncode == status, (done.returncode, done.stdout)
        return done.stdout

    def pytest(self, *arguments, **options):
        return self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_cprof",
                        *arguments, **options)

    def runs(self, archive="profiling"):
        folder = self.path / archive
        return sorted(path for path in folder.iterdir() if path.name[0] != ".") \
            if folder.exists() else []

    def only_run(self, archive="profiling"):
        run, = self.runs(archive)
        return run

    def snapshots(self, archive="profiling"):
        """In the order in which they were sent."""
        found = [Snapshot(str(path)) for path in self.only_run(archive).iterdir() if path.is_dir()]
        return sorted(found, key=lambda snapshot: snapshot.json["start"])

    def requests(self, archive="profiling"):
        """{label: [(ordinal, request, status)]}"""
        found = {}
        for snapshot in self.snapshots(archive):
            found.setdefault(snapshot.json.get("label"), []).append(snapshot.request)
        return found

    def run_json(self, archive="profiling"):
        return json.loads((self.only_run(archive) / "run.json").read_text())
