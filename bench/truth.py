"""How far a profile's shares are from the true ones, on many tiny calls beside few
dear ones: top() spends its time in three functions, whose true shares are timed
without a profiler. The error of a profile is that of the function it is most wrong
about, in percentage points. Ours is taken with the tracer's cost taken out, and
without (raw: a process whose calibration finds no functions to call). What is true is the
median of each process' own unprofiled rounds, taken between its profiles; their own errors
are what no profiler can be blamed for.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from interleaved import pin

HERE = os.path.dirname(os.path.abspath(__file__))


def nothing():
    pass


def many():
    for _ in range(3000):
        nothing()


def heavy():
    n = 0
    for i in range(12000):
        n += i * i % 7
    return n


def builtin():
    x = "x"
    for _ in range(3000):
        len(x)


PARTS = {"many": many, "heavy": heavy, "builtin": builtin}


def top():
    many()
    heavy()
    builtin()


def shares(times):
    whole = sum(times.values())
    return {name: times[name] / whole for name in times}


def timed():
    times = {}
    for name, part in PARTS.items():
        start = time.perf_counter()
        part()
        times[name] = time.perf_counter() - start
    return shares(times)


def profiled(profile):
    profile.enable()
    top()
    profile.disable()
    profile.create_stats()
    cum = {name: row[3] for (file, _, name), row in profile.stats.items() if file == __file__}
    return shares({name: cum[name] for name in PARTS})


def worker(which, count):
    """Shares of each of count profiles, and of as many unprofiled rounds beside."""
    if which == "raw":
        import cprof  # noqa: F401
        sys.modules["cprof._calibration"] = None
    if which == "cProfile":
        from cProfile import Profile
    else:
        from cprof import Profile
    for _ in range(20):
        top()
    profiled(Profile())
    true, seen = [], []
    for _ in range(count):
        true += [timed() for _ in range(2)]
        seen.append(profiled(Profile()))
        top()
        # Calibration is renewed after some seconds.
        time.sleep(0.02)
    print(json.dumps([true, seen]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=200)
    parser.add_argument("--worker")
    args = parser.parse_args()
    if args.worker:
        worker(args.worker, args.profiles)
        return
    pin()
    results = {}
    for which in "ours", "raw", "cProfile":
        out = subprocess.check_output([sys.executable, os.path.abspath(__file__), "--worker", which,
                                       "--profiles", str(args.profiles)])
        results[which] = json.loads(out.decode())
    of = {which: {name: statistics.median(s[name] for s in true) for name in PARTS}
          for which, (true, _) in results.items()}
    print("\n### Error of a profile's shares, in percentage points\n")
    print("True shares: %s. %d profiles each.\n" % (
        ", ".join("%s %.0f %%" % (name, share * 100) for name, share in of["ours"].items()),
        args.profiles))
    print("| | median | 90 % are below |\n|---|---|---|")
    rows = [(title, of[which], results[which][1]) for which, title in (
        ("ours", "cprof"), ("raw", "cprof, its own cost left in"), ("cProfile", "cProfile"))]
    rows.append(("no profiler: what the machine does", of["ours"], results["ours"][0]))
    for title, true, seen in rows:
        errors = sorted(100 * max(abs(s[name] - true[name]) for name in PARTS) for s in seen)
        print("| %s | %.1f | %.1f |" % (title, statistics.median(errors),
                                        errors[int(len(errors) * 0.9)]))


if __name__ == "__main__":
    main()
