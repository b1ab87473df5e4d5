"""`make soak`: profiles SOAK requests (1,000,000) of a small application in the three
modes, with a quota that throws nearly all snapshots away, and looks whether memory
grows: resident memory at a tenth of the way and at the end. Exits with 1 if it grew
by more than LIMIT_MB, or requests went uncounted.

The writer cannot keep up with such a load: its queue is full within the first
thousands, and what it has no room for is dropped and counted, as it should be.
"""
import gc
import os
import shutil
import sys
import tempfile
import time

LIMIT_MB = 16
QUOTA_MB = 4


def resident_mb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def leaf(n):
    return n + 1


def work(n):
    return sum(leaf(i) for i in range(n))


def application(environ, start_response):
    work(int(environ["PATH_INFO"][-1]))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]


def archived_mb(folder):
    return sum(os.lstat(os.path.join(path, name)).st_size
               for path, _, names in os.walk(folder) for name in names) / 1e6


def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    for name in [name for name in os.environ if name.startswith("CPROF_")]:
        del os.environ[name]
    import cprof

    folder = tempfile.mkdtemp(prefix="cprof-soak-")
    modes = [cprof.CProfMiddleware(application, folder, quota_mb=QUOTA_MB, mode=mode)
             for mode in ("exact", "fast", "app")]
    start, early = time.time(), None
    try:
        for i in range(wanted):
            environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/page/%d" % (i % 10)}
            b"".join(modes[i % 3](environ, lambda status, headers, exc_info=None: None))
            if i == wanted // 10:
                gc.collect()
                early = resident_mb()
            if i % max(1, wanted // 10) == 0:
                print("%9d requests, %5.0f s, %.1f MB resident" % (
                    i, time.time() - start, resident_mb()), flush=True)
        gc.collect()
        late = resident_mb()
        counts = {"kept": None}
        while not cprof.flush(timeout=60) and modes[0].counts != counts:
            counts = modes[0].counts
        counts = modes[0].counts
        print("%d requests in %.0f s on CPython %s: %s" % (
            wanted, time.time() - start, sys.version.split()[0], counts))
        print("archive %.1f MB of %d; resident %.1f MB at a tenth of the way, %.1f at the end" % (
            archived_mb(folder), QUOTA_MB, early, late))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if counts["seen"] != wanted or counts["kept"] + counts["dropped"] != wanted:
        sys.exit("soak: requests went uncounted")
    if late - early > LIMIT_MB:
        sys.exit("soak: memory grew by %.1f MB" % (late - early))


if __name__ == "__main__":
    main()
