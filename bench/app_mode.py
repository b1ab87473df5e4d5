"""What app mode costs to switch, per 1,000 functions of the application: on and off
around a request, and the requests after it that are not profiled, while its events
are still on and once they have gone.
"""
import argparse
import os
import statistics
import tempfile

import pages
from interleaved import pin
from per_request import clock_price, thread_ns
from worker import reference


def cost(request, before=None):
    """Of one request, in units of the reference."""
    if before is not None:
        before()
    unit = reference()
    start = thread_ns()
    request()
    return (thread_ns() - start) / unit


def switching(request, profiles, price):
    """us of enable() and disable() around a request."""
    import cprof
    times = []
    for _ in range(profiles):
        profile = cprof.Profile(mode="app")
        a = thread_ns()
        profile.enable()
        b = thread_ns()
        request()
        c = thread_ns()
        profile.disable()
        times.append((b - a + thread_ns() - c - 2 * price) / 1e3)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=60)
    args = parser.parse_args()
    pin()
    import cprof
    folder = tempfile.mkdtemp(prefix="cprof-bench-")
    os.chdir(folder)
    application, path = pages.large_application(folder)
    request = pages.client(application, path)
    n = range(args.requests)

    def profiled():
        profile.runcall(request)

    for _ in range(5):
        request()
    never = statistics.median(cost(request) for _ in n)
    profile = cprof.Profile(mode="app")
    profiled()
    of_profiled = statistics.median(cost(profiled) for _ in n)
    first = statistics.median(cost(request, before=profiled) for _ in n)
    on_off = switching(request, args.requests, clock_price())
    for _ in range(20):
        request()  # nobody wants the events of these
    gone = statistics.median(cost(request) for _ in n)
    thousands = pages.NFUNCTIONS / 1000
    print("\n### App mode, an application of %d functions\n" % pages.NFUNCTIONS)
    print("| | |\n|---|---|")
    print("| on and off | %.1f us, %.1f per 1,000 functions |" % (on_off, on_off / thousands))
    for name, figure in (("a profiled request", of_profiled),
                         ("the first unprofiled request after it", first),
                         ("unprofiled requests long after it", gone)):
        print("| %s, of one before any profile | %.2f |" % (name, figure / never))


if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith("CPROF_")]:
        del os.environ[name]
    main()
