"""A Flask shop in a scratch repository of ten commits: seven on main, of which none makes a
request worse, and three that do, each a branch off main as a pull request is.

    main     base - blank lines - rename - five percent - shuffle - cache - docs
                                                 |
    n-plus-one, dearer-call, call-per-item       '- (one commit each)

    python ten_commits.py FOLDER       makes it there, to look at or to try gates on
"""
import os
import subprocess
import sys
import textwrap

WORSE = ("n-plus-one", "dearer-call", "call-per-item")
# What the gate must name, of each: the function, and whether counts show it.
CULPRIT = {"n-plus-one": "sqlite3.Connection.execute", "dearer-call": "pbkdf2_hmac",
           "call-per-item": "dumps"}
FINE = ("blank-lines", "rename", "five-percent", "shuffle", "cache", "docs")

BASE = {
    "README": "A shop.\n",
    "shop/__init__.py": """
        from flask import Flask

        from shop import views


        def create_app():
            app = Flask(__name__)
            app.register_blueprint(views.pages)
            return app
        """,
    "shop/data.py": """
        import random
        import sqlite3

        ORDERS, LINES = 40, 4
        SEED = 1


        def connect():
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT)")
            db.execute("CREATE TABLE lines (order_id INTEGER, item INTEGER, pieces INTEGER)")
            rows = [(number, "customer %d" % (number % 7)) for number in range(1, ORDERS + 1)]
            random.Random(SEED).shuffle(rows)
            db.executemany("INSERT INTO orders VALUES (?, ?)", rows)
            db.executemany("INSERT INTO lines VALUES (?, ?, ?)",
                           [(number, (number * 3 + line) % 40, line + 1)
                            for number, _ in rows for line in range(LINES)])
            return db
        """,
    "shop/prices.py": """
        from functools import lru_cache


        @lru_cache(maxsize=64)
        def price(item):
            return 100 + item * 7


        def total(lines):
            return sum(price(item) * pieces for item, pieces in lines)
        """,
    "shop/orders.py": """
        from functools import cmp_to_key

        from shop.prices import total


        class Order:
            def __init__(self, number, customer, lines):
                self.number, self.customer, self.lines = number, customer, lines

            def as_json(self):
                return {"number": self.number, "customer": self.customer, "total": total(self.lines)}


        def by_total(a, b):
            return total(a.lines) - total(b.lines)


        def all_orders(db):
            found = {}
            query = ("SELECT o.id, o.customer, l.item, l.pieces FROM orders o"
                     " JOIN lines l ON l.order_id = o.id ORDER BY l.rowid")
            for number, customer, item, pieces in db.execute(query):
                found.setdefault(number, Order(number, customer, [])).lines.append((item, pieces))
            return list(found.values())


        def dearest(db, count):
            return sorted(all_orders(db), key=cmp_to_key(by_total))[-count:]
        """,
    "shop/views.py": """
        import hashlib

        from flask import Blueprint, jsonify

        from shop import data, orders

        pages = Blueprint("pages", __name__)
        db = data.connect()


        @pages.route("/orders")
        def list_orders():
            return jsonify([order.as_json() for order in orders.all_orders(db)])


        @pages.route("/dearest/<int:count>")
        def dearest(count):
            return jsonify([order.as_json() for order in orders.dearest(db, count)])


        @pages.route("/receipt/<int:number>")
        def receipt(number):
            key = hashlib.pbkdf2_hmac("sha256", b"receipt %d" % number, b"salt", 4000)
            return jsonify({"number": number, "key": key.hex()})
        """,
    "tests/test_shop.py": """
        import pytest

        from shop import create_app


        @pytest.fixture(scope="module")
        def client():
            return create_app().test_client()


        @pytest.mark.parametrize("path", ["/orders", "/dearest/5", "/receipt/7"])
        def test_page(client, path):
            for _ in range(REQUESTS):
                answer = client.get(path)
                assert answer.status_code == 200 and answer.get_data()
        """,
}

# (commit, subject, {file: [(old, new), ...]} or a function of the folder)
STEPS = {
    "blank-lines": ("Add blank lines", {
        "shop/orders.py": [("def by_total", "\n\n\ndef by_total"), ("def all_orders", "\n\n\n\ndef all_orders")],
        "shop/views.py": [("import hashlib\n", "\n\n\nimport hashlib\n")]}),
    "rename": ("Call a module what it is", {
        "shop/orders.py": [("shop.prices", "shop.pricing")], "git mv": ("shop/prices.py", "shop/pricing.py")}),
    "five-percent": ("Check each order", {
        "shop/orders.py": [("    def as_json(self):\n", "    def is_due(self):\n        return self.number > 0\n\n"
                            "    def as_json(self):\n        self.is_due(), self.is_due()\n")]}),
    "shuffle": ("Shuffle the data", {"shop/data.py": [("SEED = 1", "SEED = 7")]}),
    "cache": ("Keep fewer prices", {"shop/pricing.py": [("maxsize=64", "maxsize=28")]}),
    "docs": ("Say more", {"README": [("A shop.", "A shop of orders.")]}),
    "n-plus-one": ("Ask for the lines of each order", {
        "shop/orders.py": [
            ('    query = ("SELECT o.id, o.customer, l.item, l.pieces FROM orders o"\n'
             '             " JOIN lines l ON l.order_id = o.id ORDER BY l.rowid")\n'
             '    for number, customer, item, pieces in db.execute(query):\n'
             '        found.setdefault(number, Order(number, customer, [])).lines.append((item, pieces))\n',
             '    for number, customer in db.execute("SELECT id, customer FROM orders").fetchall():\n'
             '        lines = db.execute("SELECT item, pieces FROM lines WHERE order_id = ?", (number,))\n'
             '        found[number] = Order(number, customer, lines.fetchall())\n')]}),
    "dearer-call": ("Derive keys with more rounds", {"shop/views.py": [("4000", "16000")]}),
    "call-per-item": ("Log each line", {
        "shop/orders.py": [
            ("from functools import cmp_to_key\n", "import json\nfrom functools import cmp_to_key\n"),
            ("    def as_json(self):\n", "    def as_json(self):\n"
             "        self.log = [json.dumps({\"item\": item, \"pieces\": pieces}) for item, pieces in self.lines]\n")]}),
}
ORDER = ("base",) + FINE  # on main


class Repository:
    def __init__(self, path):
        self.path = str(path)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("CPROF_", "GIT_"))}
        self.environment.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1",
                                PYTHONDONTWRITEBYTECODE="1")
        for who in "AUTHOR", "COMMITTER":
            self.environment.update({"GIT_%s_NAME" % who: "a", "GIT_%s_EMAIL" % who: "a@localhost"})
        self.commits = {}  # by the names above

    def git(self, *arguments):
        return subprocess.run(("git",) + arguments, cwd=self.path, env=self.environment, check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    def write(self, files):
        for name, text in files.items():
            path = os.path.join(self.path, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(textwrap.dedent(text).lstrip("\n"))

    def commit(self, name, subject):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)
        self.commits[name] = self.git("rev-parse", "HEAD")

    def step(self, name):
        subject, edits = STEPS[name]
        for file, changes in edits.items():
            if file == "git mv":
                self.git("mv", *changes)
                continue
            path = os.path.join(self.path, file)
            with open(path) as source:
                text = source.read()
            for old, new in changes:
                assert text.count(old) == 1, (name, file, old)
                text = text.replace(old, new)
            with open(path, "w") as source:
                source.write(text)
        self.commit(name, subject)


def make(path, requests=6):
    """`requests`: of each of the three pages, in a run."""
    repository = Repository(path)
    os.makedirs(repository.path, exist_ok=True)
    repository.git("init", "-q", "-b", "main")
    repository.write({name: text.replace("REQUESTS", str(requests)) for name, text in BASE.items()})
    repository.write({".gitignore": "profiling/\n"})
    repository.commit("base", "A shop")
    for name in FINE:
        repository.step(name)
    for name in WORSE:
        repository.git("checkout", "-q", "-b", name, "main")
        repository.step(name)
    repository.git("checkout", "-q", "main")
    return repository


if __name__ == "__main__":
    for name, commit in make(sys.argv[1]).commits.items():
        print(commit, name)
