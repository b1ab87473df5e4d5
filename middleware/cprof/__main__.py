"""python -m cprof: profile a script or a module, as python -m cProfile does; or, with
--requests, each request that it sends by a test client."""

import io
import optparse
import os
import pstats
import runpy
import sys
import types

import cprof
from cprof import _cprof
from cprof._decorator import type_name

EXAMPLES = """
Examples:
  python -m cprof load.py 10              the table, by cumulative time
  python -m cprof -s tottime -m json.tool data.json
  python -m cprof -o load.prof load.py    for pstats, SnakeViz, gprof2dot, ...
  python -m cprof --archive load.py       profiling/RUN/RUN.load.000738ms/
  python -m cprof --mode app load.py      the program's own functions alone
  python -m cprof --archive --metrics cpu,allocs load.py
                                          CPU time and allocations beside the time
  python -m cprof --requests -m unittest  each request of the suite's tests
  python -m cprof --requests manage.py test
  python -m cprof --requests -m pytest    the same as pytest --cprof

With --requests the program itself is not profiled. Each request that it sends by the
test client of Flask, Werkzeug or Django (but not Django's AsyncClient) becomes a
snapshot, labelled with the test; `with cprof.label("checkout"):` labels those of a
script. All is one run, and run.json in it says whether the program failed.

The program's exit status is kept. CPROF_DIR is another archive than ./profiling,
CPROF_RUN the name of the run in it.
"""


class Parser(optparse.OptionParser):
    def format_epilog(self, formatter):
        return EXAMPLES


def parser():
    p = Parser(prog="python -m cprof",
               usage="%prog [-o FILE] [-s KEY] [--mode MODE] [--archive] "
                     "[-m MODULE | SCRIPT] [ARG...]\n"
                     "       %prog --requests [--mode MODE] [-m MODULE | SCRIPT] [ARG...]",
               version="cprof " + cprof.__version__)
    # What follows the program's name is the program's.
    p.disable_interspersed_args()
    p.add_option("-o", "--outfile", metavar="FILE", help="write a .prof file instead of the table")
    p.add_option("-s", "--sort", metavar="KEY", choices=sorted(pstats.Stats.sort_arg_dict_default),
                 help="sort the table by this key of pstats' (default: cumulative)")
    p.add_option("-m", dest="module", action="store_true", help="profile a module")
    p.add_option("--mode", choices=["exact", "fast", "app"],
                 help="exact: what cProfile counts (the default); fast: Python functions alone; "
                      "app: the program's own alone")
    p.add_option("--package", action="append", metavar="NAME",
                 help="in mode app: what the program's own is, instead of all under the "
                      "current directory; may be given several times")
    p.add_option("--archive", action="store_true",
                 help="make a snapshot in the archive instead of the table")
    p.add_option("--requests", action="store_true",
                 help="make a snapshot of each request that the program sends by a test client, "
                      "a suite's or its own, and do not profile the program")
    p.add_option("--metrics", metavar="NAMES",
                 help="with --archive or --requests: measure cpu, vcsw, allocs, alloc_bytes as well, "
                      "separated by commas (with --requests cpu is the default)")
    return p


def module_code(name):
    """A statement that runs the module, and its namespace."""
    namespace = {"run_module": runpy.run_module, "name": name}
    return "run_module(name, run_name='__main__', alter_sys=True)", namespace


def script_code(path):
    """The script's code and its namespace: that of a new __main__, so that what it
    pickles and what imports __main__ find it. Without a __spec__, as a script has
    none: by that multiprocessing knows how to start it again."""
    with io.open_code(path) as file:
        code = compile(file.read(), path, "exec")
    sys.path.insert(0, os.path.dirname(path))
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = __builtins__
    module.__cached__ = None
    sys.modules["__main__"] = module
    return code, module.__dict__


def run(profile, code, namespace):
    """Runs it; returns what its exit status is made of, and what it raised."""
    try:
        profile.runctx(code, namespace, None)
    except SystemExit as exc:
        return exc.code, None
    except BaseException as exc:
        return None, exc
    return None, None


def route_of(args, is_module):
    if is_module:
        return "/" + args[0]
    name = os.path.basename(args[0])
    return "/" + (name[:-3] if name.endswith(".py") else name)


def show(profile, options):
    if options.outfile is not None:
        profile.dump_stats(options.outfile)
    elif not options.archive:
        profile.print_stats(options.sort or 2)


def check(p, options):
    if options.package and options.mode != "app":
        p.error("--package is for --mode app")
    if options.requests and (options.archive or options.outfile or options.sort):
        p.error("with --requests the program is not profiled: no --archive, -o or -s")
    if options.metrics and not (options.archive or options.requests):
        p.error("--metrics needs --archive or --requests: a table has the time alone")


def measures(options):
    return {"mode": options.mode, "packages": options.package,
            "metrics": options.metrics.split(",") if options.metrics else None}


def new_profile(p, options):
    try:
        return cprof.Profile(**measures(options))
    except ValueError as exc:
        p.error(str(exc))


def load(p, options, args):
    """What to run, once sys.argv is the program's."""
    sys.argv[:] = args
    try:
        return module_code(args[0]) if options.module else script_code(args[0])
    except OSError as exc:
        p.error("can't open %r: %s" % (args[0], exc.strerror))


class Unprofiled:
    def runctx(self, code, namespace, _):
        exec(code, namespace)


def pytest_arguments(options, args):
    """The plugin knows more of pytest than can be seen from here."""
    own = ["-p", "pytest_cprof", "--cprof"]
    if options.mode:
        own += ["--cprof-mode", options.mode]
    for name in options.package or ():
        own += ["--cprof-package", name]
    if options.metrics:
        own += ["--cprof-metrics", options.metrics]
    return args[:1] + own + args[1:]


def run_requests(p, options, args):
    """Runs the program for its requests; the exit status, and what it raised."""
    if os.path.basename(args[0]) in ("pytest", "py.test"):
        return run(Unprofiled(), *load(p, options, pytest_arguments(options, args)))
    from cprof._suite import Suite, UnitTests

    program = load(p, options, args)
    try:
        suite = Suite(**measures(options))
    except (OSError, ValueError) as exc:
        p.error(str(exc))
    suite.set_outcome(None)
    UnitTests(suite)
    try:
        status, failure = run(Unprofiled(), *program)
    finally:
        suite.stop()
    suite.set_outcome(failure is None and status in (None, 0))
    print(*suite.summary(suite.tests), sep="\n", file=sys.stderr)
    return status, failure


def main(argv):
    p = parser()
    options, args = p.parse_args(argv)
    if _cprof.unavailable is not None:
        p.error(_cprof.unavailable)
    if not args:
        p.print_usage(sys.stderr)
        sys.exit(2)
    check(p, options)
    if options.requests:
        status, failure = run_requests(p, options, args)
        if failure is not None:
            raise failure
        sys.exit(status)
    profile = new_profile(p, options)
    # The program may change its directory.
    if options.outfile is not None:
        options.outfile = os.path.abspath(options.outfile)
    archive = _cprof._open_archive() if options.archive else None
    code, namespace = load(p, options, args)
    try:
        status, failure = run(profile, code, namespace)
        show(profile, options)
        if archive is not None:
            profile._archive(archive, "RUN", route_of(args, options.module),
                             "exception" if failure else "returned",
                             type_name(failure) if failure else None)
            cprof.flush()
        if failure is not None:
            raise failure
    except BrokenPipeError as exc:
        # Or the interpreter complains at its end.
        sys.stdout = None
        sys.exit(exc.errno)
    sys.exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
