"""cprof.Profile: what cProfile.Profile does in Python, around the tracer in C."""

from cprof import _cprof


class Profile(_cprof.Profiler):
    """A drop-in for cProfile.Profile.

        with cprof.Profile() as profile:
            work()
        profile.print_stats("cumtime")

    timer     a callable in place of the clock: it returns seconds; with a timeunit
              it returns ints, each so many seconds
    subcalls  False: callers are not told apart
    builtins  False: the time in C functions is their callers' own
    mode      "exact", what cProfile counts; "fast", what it counts with
              builtins=False; "app", the application's own functions alone. None: as
              builtins says
    packages  ["shop"]: what the application is, in the whole process; else what lies
              under the current directory
    metrics   ["cpu", "allocs"]: what to measure beside the wall time: cpu, vcsw, allocs,
              alloc_bytes, or a callable whose number only goes up. pstats knows of one
              time alone; archive() keeps them all

    pstats.Stats(profile) reads it, and it may be subclassed. Unlike cProfile's, any
    number of profiles may be enabled at once, on any number of threads, and each has
    its own thread's calls alone. Enabled on several threads, one profile has the sum.
    Functions that share file, line and name are added up where cProfile keeps one of
    them at random.
    """

    def print_stats(self, sort=-1):
        """Print the table, sorted by a key of pstats' or a tuple of them."""
        import pstats

        keys = sort if isinstance(sort, tuple) else (sort,)
        stats = pstats.Stats(self)
        stats.strip_dirs().sort_stats(*keys).print_stats()
        if self.lost:
            print("%d calls could not be recorded" % self.lost, file=stats.stream)

    def dump_stats(self, file):
        """Write a .prof file."""
        import marshal

        with open(file, "wb") as f:
            self.create_stats()
            marshal.dump(self.stats, f)

    def archive(self, name, directory="profiling"):
        """Stop profiling, make a snapshot PROFILE.name.NNNNNNms in the archive if there
        is anything to keep, and forget it. CPROF_DIR wins over directory; cprof.flush()
        waits until the snapshot is on disk."""
        self.disable()
        self._archive(_cprof._open_archive(directory), "PROFILE", "/" + name, "returned", None)

    def create_stats(self):
        """Stop profiling, and set `stats` as pstats expects it."""
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        """Set `stats` and go on profiling."""
        self.stats = self._table()

    def run(self, cmd):
        """Profile a statement in the namespace of __main__."""
        import __main__

        return self.runctx(cmd, __main__.__dict__, __main__.__dict__)

    def runctx(self, cmd, globals, locals):
        """Profile a statement."""
        self.enable()
        try:
            exec(cmd, globals, locals)
        finally:
            self.disable()
        return self

    def runcall(self, func, /, *args, **kw):
        """Profile one call; return what it returns."""
        self.enable()
        try:
            return func(*args, **kw)
        finally:
            self.disable()


Profile.__module__ = "cprof"


def _show(profile, filename, sort):
    if filename is None:
        profile.print_stats(sort)
    else:
        profile.dump_stats(filename)


def run(statement, filename=None, sort=-1, *, mode=None, packages=None):
    """Profile a statement in the namespace of __main__; print the table, or write
    it into a .prof file. SystemExit ends the statement alone. The mode and packages
    are Profile's."""
    profile = Profile(mode=mode, packages=packages)
    try:
        profile.run(statement)
    except SystemExit:
        pass
    finally:
        _show(profile, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1, *, mode=None, packages=None):
    """As run, in namespaces of one's own."""
    profile = Profile(mode=mode, packages=packages)
    try:
        profile.runctx(statement, globals, locals)
    except SystemExit:
        pass
    finally:
        _show(profile, filename, sort)
