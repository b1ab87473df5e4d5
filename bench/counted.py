"""One workload under one profiler, for callgrind: counted.py WORKLOAD PROFILER TIMES.
Only what floor_measured calls is counted, once all of it is warm.

WORKLOAD may be a page behind the middleware: "flask/off", "flask/sampled out",
"flask/bare"; and "flask/fresh" is a profile anew for each request.
"""
import os
import sys

import contenders
import workloads


def behind_middleware(how):
    import pages
    from cprof import CProfMiddleware

    app, path = pages.flask_page()
    if how == "off":
        os.environ["CPROF_DISABLE"] = "1"
    if how != "bare":
        app.wsgi_app = CProfMiddleware(app, os.path.join(os.environ["TMPDIR"], "archive"), sample=0)
    return pages.client(app, path)


def main():
    import _floor

    name, profiler, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
    name, _, how = name.partition("/")
    contender = contenders.CONTENDERS[profiler]()
    if how and how != "fresh":
        work = behind_middleware(how)
    else:
        work = workloads.make(name)
    for _ in range(3):
        work()
    print(sum(workloads.calls(work)))

    def repeat():
        for _ in range(times):
            work()

    def fresh():
        for _ in range(times):
            contender.start()
            work()
            contender.stop()

    if how == "fresh":
        fresh()
        _floor.measured(fresh)
        return
    contender.start()
    repeat()
    _floor.measured(repeat)
    contender.stop()


if __name__ == "__main__":
    main()
