"""What a profile for each request costs: CPU time of a Flask request, each with a
profile of its own, in turns on one core; switching on and off; leaving the
middleware; and the requests after a profiled one, over those after an unprofiled one.

Ours is the middleware with slow_ms so high that nothing is written: making the
request's record, the route, the profile, and throwing it away are all in it.
"""
import argparse
import gc
import os
import statistics
import sys
import tempfile
import time

import pages
from contenders import CProfile, Calls, Ours
from interleaved import pin
from worker import reference


def each(contender, application):
    """WSGI middleware that profiles each request."""
    def profiled(environ, start_response):
        if environ["PATH_INFO"] == UNPROFILED:
            return application(environ, start_response)
        contender.start()
        try:
            return list(application(environ, start_response))
        finally:
            contender.stop()
    return profiled


UNPROFILED = "/page/4"


def ours(application, folder, **options):
    from cprof import CProfMiddleware
    return CProfMiddleware(application, folder, slow_ms=1e9, ignore=[UNPROFILED], **options)


def applications(folder):
    app, path = pages.flask_page()
    bare = app.wsgi_app
    return path, {
        "unprofiled": bare,
        "hook that returns": each(Calls(), bare),
        "cprof exact": ours(bare, folder),
        "cprof exact, wall and CPU": ours(bare, folder, metrics=["cpu"]),
        "cprof fast": ours(bare, folder, mode="fast"),
        "cProfile": each(CProfile(), bare),
        "cProfile(builtins=False)": each(CProfile(builtins=False), bare),
    }


def measure(request, count):
    gc.collect()
    gc.disable()
    before = reference()
    start = time.thread_time_ns()
    for _ in range(count):
        request()
    cost = (time.thread_time_ns() - start) / count
    after = reference()
    gc.enable()
    return cost / ((before + after) / 2), (before + after) / 2


def whole_requests(path, made, runs, rounds):
    requests = {name: pages.client(application, path) for name, application in made.items()}
    for request in requests.values():
        for _ in range(20):
            request()
    speed = measure(requests["unprofiled"], 5)
    count = max(1, round(8e6 / (speed[0] * speed[1])))
    figures = {name: [] for name in requests}
    for _ in range(runs):
        costs = {name: [] for name in requests}
        for _ in range(rounds):
            for name, request in requests.items():
                costs[name].append(measure(request, count)[0])
        for name in requests:
            figures[name].append(statistics.median(costs[name]))
    return figures


def thread_ns():
    return time.thread_time_ns()


def clock_price():
    times = []
    for _ in range(200):
        start = thread_ns()
        times.append(thread_ns() - start)
    return statistics.mean(times)


def switching(path, application, mode, count=300):
    """us of enable() and disable() around a request, the mean: what calibration
    takes now and then is in it."""
    import cprof
    request = pages.client(application, path)
    price, spent, on_off = clock_price(), 0, []
    for _ in range(count):
        profile = cprof.Profile(mode=mode)
        a = thread_ns()
        profile.enable()
        b = thread_ns()
        request()
        c = thread_ns()
        profile.disable()
        d = thread_ns()
        on_off.append((b - a + d - c - 2 * price) / 1e3)
        spent += on_off[-1]
        request()
    return statistics.median(on_off), spent / count


def leaving(path, bare, folder, mode, count=300):
    """us from the application's return to the middleware's, the median: disarming,
    the route, taking the tree and handing it over to the writer."""
    from cprof import CProfMiddleware
    times, at = [], [0]

    def application(environ, start_response):
        body = list(bare(environ, start_response))
        at[0] = thread_ns()
        return body

    inner = CProfMiddleware(application, folder, mode=mode)

    def outer(environ, start_response):
        body = inner(environ, start_response)
        times.append((thread_ns() - at[0] - price) / 1e3)
        return body

    price = clock_price()
    request = pages.client(outer, path)
    import cprof
    for _ in range(count):
        request()
        cprof.flush()
    return statistics.median(times[20:])


AFTER = 8


def afterwards(path, made, name, count=150):
    """Each unprofiled request after one by `name`, over the last three of them."""
    profiled, plain = pages.client(made[name], path), pages.client(made[name], UNPROFILED)
    after = [[] for _ in range(AFTER)]
    for _ in range(count):
        before = reference()
        profiled()
        for times in after:
            start = thread_ns()
            plain()
            times.append((thread_ns() - start) / before)
    medians = [statistics.median(times) for times in after]
    normal = statistics.median(medians[-3:])
    return [m / normal for m in medians]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    pin()
    folder = tempfile.mkdtemp(prefix="cprof-bench-")
    path, made = applications(os.path.join(folder, "archive"))
    figures = whole_requests(path, made, args.runs, args.rounds)
    base = figures["unprofiled"]
    print("\n### A profile for each request, Flask and Jinja\n")
    print("| | of the request | added, share of cProfile's |\n|---|---|---|")
    for name in list(made)[1:]:
        ratios = [a / b for a, b in zip(figures[name], base)]
        added = [(a - b) / (c - b) for a, b, c in zip(figures[name], base, figures["cProfile"])]
        print("| %s | %.2f (%.2f-%.2f) | %.2f (%.2f-%.2f) |" % (
            name, statistics.median(ratios), min(ratios), max(ratios),
            statistics.median(added), min(added), max(added)))
    both = [a / b for a, b in zip(figures["cprof exact, wall and CPU"], figures["cprof exact"])]
    print("\nWall and CPU together, over wall alone: %.2f (%.2f-%.2f)." % (
        statistics.median(both), min(both), max(both)))
    print("\n| | on and off, us: median, mean | leaving the middleware, us |\n|---|---|---|")
    for mode in "exact", "fast":
        print("| %s | %.0f, %.0f | %.0f |" % (
            (mode,) + switching(path, made["unprofiled"], mode) +
            (leaving(path, made["unprofiled"], os.path.join(folder, "archive"), mode),)))
    print("\n| unprofiled requests after one by | 1st | 2nd | 3rd | 4th | 5th |\n|---|---|---|---|---|---|")
    made["cprof.Profile, exact"] = each(Ours("exact"), made["unprofiled"])
    # After an unprofiled one as well: the fixed loop before it leaves caches cold.
    control = afterwards(path, made, "unprofiled")
    for name in ("hook that returns", "cprof.Profile, exact", "cprof exact", "cprof fast",
                 "cProfile"):
        print("| %s | %s |" % (name, " | ".join("%.2f" % (a / b) for a, b in list(
            zip(afterwards(path, made, name), control))[:5])))
    sys.stdout.flush()


if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith("CPROF_")]:
        del os.environ[name]
    main()
