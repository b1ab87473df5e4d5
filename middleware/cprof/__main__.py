"""python -m cprof: profile a script or a module, as python -m cProfile does."""

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

The program's exit status is kept. CPROF_DIR is another archive than ./profiling,
CPROF_RUN the name of the run in it.
"""


class Parser(optparse.OptionParser):
    def format_epilog(self, formatter):
        return EXAMPLES


def parser():
    p = Parser(prog="python -m cprof",
               usage="%prog [-o FILE] [-s KEY] [--mode MODE] [--archive] "
                     "[-m MODULE | SCRIPT] [ARG...]",
               version="cprof " + cprof.__version__)
    # What follows the program's name is the program's.
    p.disable_interspersed_args()
    p.add_option("-o", "--outfile", metavar="FILE", help="write a .prof file instead of the table")
    p.add_option("-s", "--sort", metavar="KEY", choices=sorted(pstats.Stats.sort_arg_dict_default),
                 help="sort the table by this key of pstats' (default: cumulative)")
    p.add_option("-m", dest="module", action="store_true", help="profile a module")
    p.add_option("--mode", choices=["exact", "fast", "app"], default="exact",
                 help="exact: what cProfile counts; fast: Python functions alone; "
                      "app: the program's own alone")
    p.add_option("--package", action="append", metavar="NAME",
                 help="in mode app: what the program's own is, instead of all under the "
                      "current directory; may be given several times")
    p.add_option("--archive", action="store_true",
                 help="make a snapshot in the archive instead of the table")
    p.add_option("--metrics", metavar="NAMES",
                 help="with --archive: measure cpu, vcsw, allocs, alloc_bytes as well, "
                      "separated by commas")
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


def new_profile(p, options):
    if options.package and options.mode != "app":
        p.error("--package is for --mode app")
    if options.metrics and not options.archive:
        p.error("--metrics needs --archive: a table has the time alone")
    try:
        return cprof.Profile(mode=options.mode, packages=options.package,
                             metrics=options.metrics.split(",") if options.metrics else None)
    except ValueError as exc:
        p.error(str(exc))


def main(argv):
    p = parser()
    options, args = p.parse_args(argv)
    if _cprof.unavailable is not None:
        p.error(_cprof.unavailable)
    if not args:
        p.print_usage(sys.stderr)
        sys.exit(2)
    profile = new_profile(p, options)
    # The program may change its directory.
    if options.outfile is not None:
        options.outfile = os.path.abspath(options.outfile)
    archive = _cprof._open_archive() if options.archive else None
    sys.argv[:] = args
    try:
        code, namespace = module_code(args[0]) if options.module else script_code(args[0])
    except OSError as exc:
        p.error("can't open %r: %s" % (args[0], exc.strerror))

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
