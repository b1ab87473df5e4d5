"""What profiling adds to a request of examples/flask_app, as a multiple of the same
request unprofiled, beside werkzeug's ProfilerMiddleware writing its .prof file:
CPU time of the thread that serves, which is what a client waits for, and of the
whole process, with the snapshot's writing in a thread of its own.
"""
import argparse
import gc
import logging
import os
import sys
import tempfile
import time

for name in [name for name in os.environ if name.startswith("CPROF_")]:
    del os.environ[name]
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "examples", "flask_app"))

import flask
from werkzeug.middleware.profiler import ProfilerMiddleware
from werkzeug.test import create_environ

import cprof
from cprof import CProfMiddleware
from rounds import medians, table

# Route: how many requests make one measurement.
ROUTES = {"/user/1": 20, "/fast": 20, "/": 1}
CLOCKS = {"of the serving thread": time.thread_time, "of the process": time.process_time}
PLAIN, OURS, PEER = "unprofiled", "cprof", "werkzeug ProfilerMiddleware(profile_dir)"


def serve(application, path):
    body = application(create_environ(path), lambda status, headers, exc_info=None: None)
    try:
        for _ in body:
            pass
    finally:
        if hasattr(body, "close"):
            body.close()


def cpu_ms(application, path, count, clock):
    gc.collect()
    start = clock()
    for _ in range(count):
        serve(application, path)
    if clock is time.process_time:
        cprof.flush()
    cost = (clock() - start) * 1e3 / count
    cprof.flush()
    return cost


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as archive, tempfile.TemporaryDirectory() as peer_files:
        # The example wraps itself when imported; here it is wanted bare.
        os.environ["CPROF_DIR"] = archive
        from app import app
        bare = flask.Flask.wsgi_app.__get__(app)
        contenders = {
            PLAIN: bare,
            OURS: CProfMiddleware(bare),
            PEER: ProfilerMiddleware(bare, stream=None, profile_dir=peer_files),
        }
        for path, count in ROUTES.items():
            for what, clock in CLOCKS.items():
                figures = medians(contenders, rounds,
                                  lambda application: cpu_ms(application, path, count, clock))
                table("GET %s, CPU %s" % (path, what), "ms", figures, PLAIN)
                added = {name: figure - figures[PLAIN] for name, figure in figures.items()}
                print("cprof adds %.2f of what werkzeug's adds" % (added[OURS] / added[PEER]))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main()
