"""One workload under one profiler, for callgrind: counted.py WORKLOAD PROFILER TIMES.
Only what floor_measured calls is counted, once all of it is warm.

WORKLOAD may be the smallest application behind the middleware: "request/off",
"request/sampled out", "request/bare"; and "flask/fresh" is a profile anew for each
request.
"""
import os
import sys

import contenders
import workloads


def application(environ, start_response):
    start_response("200 OK", [])
    return [b""]


def behind_middleware(how):
    from cprof import CProfMiddleware

    served = application
    if how == "off":
        os.environ["CPROF_DISABLE"] = "1"
    if how != "bare":
        served = CProfMiddleware(application, os.path.join(os.environ["TMPDIR"], "archive"),
                                 sample=0)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}

    def request():
        for _ in served(environ, lambda *args: None):
            pass
    return request


def main():
    import _floor

    name, profiler, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
    name, _, how = name.partition("/")
    contender = contenders.CONTENDERS[profiler]()
    work = behind_middleware(how) if name == "request" else workloads.make(name)
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
        _floor.measured(fresh)
        return
    contender.start()
    _floor.measured(repeat)
    contender.stop()


if __name__ == "__main__":
    main()
