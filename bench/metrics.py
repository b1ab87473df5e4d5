"""What each metric costs beside the wall time: CPU time of a Flask request, every one
profiled in mode exact, in turns on one core, over the same without the metric.
"""
import argparse
import os
import statistics
import tempfile

import pages
from interleaved import pin
from per_request import ours, whole_requests

METRICS = {
    "cpu": ["cpu"],
    "vcsw": ["vcsw"],
    "cpu and vcsw": ["cpu", "vcsw"],
    "allocs": ["allocs"],
    "alloc_bytes": ["alloc_bytes"],
    "a callable, `int`": [int],
    "all of these": ["cpu", "vcsw", "allocs", "alloc_bytes", int],
}


def applications(folder):
    app, path = pages.flask_page()
    bare = app.wsgi_app
    made = {"unprofiled": bare, "wall": ours(bare, folder)}
    for name, metrics in METRICS.items():
        made[name] = ours(bare, folder, metrics=metrics)
    return path, made


def span(ratios):
    return "%.2f (%.2f-%.2f)" % (statistics.median(ratios), min(ratios), max(ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    pin()
    folder = tempfile.mkdtemp(prefix="cprof-bench-")
    path, made = applications(os.path.join(folder, "archive"))
    figures = whole_requests(path, made, args.runs, args.rounds)
    print("\n### What a metric costs, Flask and Jinja, mode exact\n")
    print("| beside wall | of the request profiled by wall alone | of the unprofiled request |")
    print("|---|---|---|")
    for name in list(made)[1:]:
        print("| %s | %s | %s |" % (
            "nothing" if name == "wall" else name,
            span([a / b for a, b in zip(figures[name], figures["wall"])]),
            span([a / b for a, b in zip(figures[name], figures["unprofiled"])])))


if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith("CPROF_")]:
        del os.environ[name]
    main()
