"""Runs of a small shop for a gate to compare, several in one process.

    python serve_shop.py ARCHIVE NAME=KIND,KIND...    each a run; NAME=KIND,dear,...

KINDS: base; nplus1, a query for each item; calls, a fifth more of them; few, a twentieth;
library, a module called that was not; fresh, another route; dear, a C call that does ten
times the work; broken, an exception; once and often, 1 and 8 requests of a kind, not 3.
"""
import hashlib
import os
import sqlite3
import string
import sys
from wsgiref.util import setup_testing_defaults

from cprof import CProfMiddleware

ITEMS = 10


def price(number):
    return number


def fetch(db, number):
    return db.execute("SELECT name FROM item WHERE id = ?", (number,)).fetchone()


def show(db, kinds):
    rows = db.execute("SELECT id FROM item").fetchall()
    for row in rows if "nplus1" in kinds else ():
        fetch(db, row[0])
    for number in range(200 + 60 * ("calls" in kinds) + 5 * ("few" in kinds)):
        price(number)
    if "library" in kinds:
        string.capwords("a title")
    hashlib.pbkdf2_hmac("sha256", b"word", b"salt", 60000 if "dear" in kinds else 6000)
    if "broken" in kinds:
        raise ValueError("broken")


def make_application(kinds):
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE item (id INTEGER, name TEXT)")
    db.executemany("INSERT INTO item VALUES (?, ?)", [(i, str(i)) for i in range(ITEMS)])

    def application(environ, start_response):
        environ["cprof.route"] = environ["PATH_INFO"]
        if environ["PATH_INFO"] != "/":
            show(db, kinds)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    return application


def serve(archive, name, kinds):
    os.environ["CPROF_RUN"] = name
    middleware = CProfMiddleware(make_application(kinds), directory=archive, metrics=["cpu"])
    paths = ["/", "/item"] + (["/fresh"] if "fresh" in kinds else [])
    for path in paths * (1 if "once" in kinds else 8 if "often" in kinds else 3):
        environ = {}
        setup_testing_defaults(environ)
        environ["PATH_INFO"] = path
        try:
            b"".join(middleware(environ, lambda status, headers, exc_info=None: None))
        except ValueError:
            pass
    middleware.flush(60)


for run in sys.argv[2:]:
    serve(sys.argv[1], *(run.split("=")[0], run.split("=")[1].split(",")))
