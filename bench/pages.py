"""Applications whose requests are measured: pages of Flask and Django with a
template, and one of 2,000 functions for app mode. Each is made by a function that
returns a WSGI application and the path to ask for.
"""
import importlib
import os
import sys
import types

from werkzeug.test import Client

ITEMS = [{"name": "item %d" % i, "price": i * 1.25, "tags": ["a", "b", "c"][: i % 4]}
         for i in range(20)]


def flask_page():
    import flask
    from jinja2 import DictLoader

    app = flask.Flask(__name__)
    app.jinja_loader = DictLoader({
        "base.html": "<html><title>{% block title %}{% endblock %}</title>"
                     "<body>{% block body %}{% endblock %}</body></html>",
        "page.html": "{% extends 'base.html' %}{% block title %}{{ title|upper }}{% endblock %}"
                     "{% macro row(item) %}<tr><td>{{ item.name|title }}</td>"
                     "<td>{{ '%.2f'|format(item.price) }}</td>"
                     "<td>{% for tag in item.tags %}<b>{{ tag }}</b>{% else %}-{% endfor %}</td>"
                     "</tr>{% endmacro %}"
                     "{% block body %}<table>{% for item in items %}{{ row(item) }}{% endfor %}"
                     "</table><a href=\"{{ url_for('page', n=n + 1) }}\">next</a>{% endblock %}",
    })

    @app.route("/page/<int:n>")
    def page(n):
        return flask.render_template("page.html", title="page %d" % n, items=ITEMS, n=n)

    return app, "/page/3"


def django_page():
    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse
    from django.template import Context, engines
    from django.urls import path

    source = ("<html><body><h1>{{ title|upper }}</h1><table>{% for item in items %}"
              "<tr><td>{{ item.name|title }}</td><td>{{ item.price|floatformat:2 }}</td>"
              "<td>{% for tag in item.tags %}<b>{{ tag }}</b>{% empty %}-{% endfor %}</td></tr>"
              "{% endfor %}</table><a href=\"{% url 'page' n=next %}\">next</a></body></html>")

    def page(request, n):
        template = engines["django"].engine.from_string(source)
        return HttpResponse(template.render(Context({"title": "page %d" % n, "items": ITEMS,
                                                     "next": n + 1})))

    urls = types.ModuleType("bench_urls")
    urls.urlpatterns = [path("page/<int:n>", page, name="page")]
    sys.modules["bench_urls"] = urls
    settings.configure(
        SECRET_KEY="bench", ALLOWED_HOSTS=["*"], ROOT_URLCONF="bench_urls",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware",
                    "django.middleware.csrf.CsrfViewMiddleware",
                    "django.middleware.clickjacking.XFrameOptionsMiddleware"])
    django.setup()
    return WSGIHandler(), "/page/3"


LIBRARY = """
def clean(text):
    return text.strip()

def total(numbers):
    n = 0
    for number in numbers:
        n += number
    return n
"""
FUNCTION = """
def f%d(x):
    d = {"id": x, "name": "n%%d" %% x, "even": x %% 2 == 0}
    s = clean(d["name"])
    return %s
"""
NFUNCTIONS = 2000


def large_application(folder):
    """Of NFUNCTIONS functions, written below `folder`, where the current directory
    must be. The library lies in site-packages."""
    packages = os.path.join(folder, "site-packages")
    os.makedirs(packages)
    with open(os.path.join(packages, "bench_library.py"), "w") as out:
        out.write(LIBRARY)
    with open(os.path.join(folder, "bench_application.py"), "w") as out:
        out.write("from bench_library import clean, total\n")
        for i in range(NFUNCTIONS):
            # Beside its own call, clean's and strip's: two; and a third, total's,
            # every third time. So of 3 + 7 calls 3 are the application's.
            out.write(FUNCTION % (i, "total((x, 1))" if i % 3 == 2 else "s"))
        out.write("functions = [%s]\n" % ", ".join("f%d" % i for i in range(NFUNCTIONS)))
        out.write("def application(environ, start_response):\n"
                  "    for i, f in enumerate(functions):\n        f(i)\n"
                  "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
                  "    return [b'done']\n")
    sys.path[:0] = [folder, packages]
    return importlib.import_module("bench_application").application, "/"


def client(application, path):
    """A function that makes one request and reads its body."""
    make = Client(application)

    def request():
        with make.get(path, buffered=True) as response:
            assert response.status_code == 200

    return request
