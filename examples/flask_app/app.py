"""The smallest application that shows every part of cprof.

    flask run           (or any WSGI server: gunicorn app:app, waitress-serve app:app)

then look into profiling/ or run `cprof ls`.
"""
import random
import sqlite3

from flask import Flask, render_template
from cprof import CProfMiddleware

app = Flask(__name__)
app.wsgi_app = CProfMiddleware(app)

# Only read once it is filled, so all threads may share the connection.
shop = sqlite3.connect(":memory:", check_same_thread=False)
shop.executescript("""
    CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE purchase (id INTEGER PRIMARY KEY, user_id INTEGER, item TEXT);
    INSERT INTO user VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Edsger');
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59)
        INSERT INTO purchase SELECT i, i % 3 + 1, 'item ' || i FROM n;
""")


def query(sql, *parameters):
    return shop.execute(sql, parameters).fetchall()


def calculate(number):
    return number * number % 7


def shuffle_and_sort(count):
    numbers = list(range(count))
    # Seeded, so that every request makes the same calls.
    random.Random(count).shuffle(numbers)
    numbers.sort()
    return {"sorted": count}


@app.get("/")
def root():
    total = 0
    for number in range(100_000):
        total += calculate(number)
    return {"sum": total}


@app.get("/user/<int:id>")
def user(id):
    rows = query("SELECT name, item FROM user JOIN purchase ON user_id = user.id"
                 " WHERE user.id = ? ORDER BY purchase.id", id)
    if not rows:
        return "no such user", 404
    return render_template("user.html", name=rows[0][0], items=[item for _, item in rows])


@app.get("/fast")
def fast():
    return shuffle_and_sort(500)


@app.get("/slow")
def slow():
    return shuffle_and_sort(500_000)


@app.get("/memory")
def memory():
    return {"numbers": len(list(range(1_000_000)))}


@app.get("/stream")
def stream():
    return (f"line {number}\n" for number in range(100)), {"Content-Type": "text/plain"}


@app.get("/error")
def error():
    raise RuntimeError("this route always fails")
