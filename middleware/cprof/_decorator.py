"""@cprof.profile: one function, each time it is called.

A generator and a coroutine are profiled while they run and not while they wait,
so what runs the steps stands between them and whoever resumes them:

    event loop --send()--> the wrapper, a coroutine --> _Steps --_call()--> the function's own

The wrapper is of the function's own kind, for frameworks ask (iscoroutinefunction).
"""

import functools
import os
import types

from cprof import _cprof


def profile(function=None, *, mode=None, timer=None, packages=None, metrics=None, archive=False,
            directory="profiling"):
    """Profile a function each time it is called.

        @cprof.profile
        def load(path): ...

        @cprof.profile(mode="fast", archive=True)
        async def fetch(url): ...

        load.profile.print_stats("cumtime")    # all its calls so far, added up
        load.profile.dump_stats("load.prof")
        load.profile.clear()

    It goes on functions and methods, above or below @staticmethod and @classmethod,
    on generators, coroutines and asynchronous generators, which are profiled while
    they run and not while they wait. Recursion is one call; calls in several threads
    at once are each profiled and added up.

    mode, timer, packages, metrics
               as in cprof.Profile
    archive    True: each call is a snapshot of its own as well,
               CALL.module.function.NNNNNNms
    directory  the archive; CPROF_DIR wins over it

    Each call (each step of a generator or coroutine) switches the tracer on and off:
    2 to 4 us, and from CPython 3.12 what runs next is instrumented anew, tens of us in
    a large program. With CPROF_DISABLE=1 in the environment this returns the function
    itself.
    """
    if function is None:
        return functools.partial(profile, mode=mode, timer=timer, packages=packages,
                                 metrics=metrics, archive=archive, directory=directory)
    if isinstance(function, (staticmethod, classmethod)):
        inner = profile(function.__func__, mode=mode, timer=timer, packages=packages,
                        metrics=metrics, archive=archive, directory=directory)
        return function if inner is function.__func__ else type(function)(inner)
    if isinstance(function, type) or not callable(function):
        raise TypeError("profile() takes a function or method, not %r" % (function,))
    if os.environ.get("CPROF_DISABLE", "") not in ("", "0"):
        return function
    from cprof._profile import Profile

    new_profile = functools.partial(Profile, timer, mode=mode, packages=packages,
                                    metrics=metrics)
    return _wrap(function, _Target(function, new_profile, directory if archive else None))


class _Target:
    """What a decorated function has: its profile, and where its calls are archived."""

    def __init__(self, function, new_profile, directory):
        self.new_profile = new_profile
        self.profile = new_profile()
        self.archive = None if directory is None else _cprof._open_archive(directory)
        self.route = "/%s.%s" % (getattr(function, "__module__", None) or "?",
                                 getattr(function, "__qualname__", type(function).__name__))

    def calls(self):
        """What profiles one call: its steps go through the result."""
        return self.profile._call if self.archive is None else _ArchivedCall(self)


class _ArchivedCall:
    """A call that will be a snapshot: recorded for itself, and for the sum."""

    def __init__(self, target):
        self.target = target
        self.profile = None

    def __call__(self, function, args, kwargs=None):
        target = self.target
        if target.profile._running():
            return function(*args, **(kwargs or {}))
        if self.profile is None:
            self.profile = target.new_profile()
        return target.profile._call(self.profile._call, (function, args, kwargs or {}))

    def finish(self, exception=None):
        if self.profile is not None:
            self.profile._archive(self.target.archive, "CALL", self.target.route,
                                  "exception" if exception else "returned", exception)
            self.profile = None


def type_name(exception):
    return "%s.%s" % (type(exception).__module__, type(exception).__qualname__)


class _Call:
    """`with _Call(target) as call:` one whole call of a decorated function."""

    __slots__ = ("call",)

    def __init__(self, target):
        self.call = target.calls()

    def __enter__(self):
        return self.call

    def __exit__(self, kind, value, traceback):
        if isinstance(self.call, _ArchivedCall):
            # What ends a generator that nobody wants any more is no failure of it.
            failed = value is not None and not isinstance(value, GeneratorExit)
            self.call.finish(type_name(value) if failed else None)


class _Steps:
    """A generator's or coroutine's steps, each of them profiled: what `yield from`
    and `await` look for."""

    __slots__ = ("call", "inner")

    def __init__(self, call, inner):
        self.call = call
        self.inner = inner

    def __iter__(self):
        return self

    __await__ = __iter__

    def __next__(self):
        return self.call(self.inner.send, (None,))

    def send(self, value):
        return self.call(self.inner.send, (value,))

    def throw(self, kind, value=None, traceback=None):
        if value is None and traceback is None:
            return self.call(self.inner.throw, (kind,))
        return self.call(self.inner.throw, (kind if value is None else value,))

    def close(self):
        return self.call(self.inner.close, ())


def _wrap(function, target):
    # Not before somebody decorates: it takes as long to import as all of cprof.
    import inspect

    if inspect.iscoroutinefunction(function):
        make = _coroutine
    elif inspect.isasyncgenfunction(function):
        make = _async_generator
    elif inspect.isgeneratorfunction(function):
        make = _generator
    else:
        make = _function
    wrapper = functools.wraps(function)(make(function, target))
    wrapper.profile = target.profile
    return wrapper


def _function(function, target):
    if target.archive is None:
        call = target.profile._call

        def profiled(*args, **kwargs):
            return call(function, args, kwargs)
    else:
        def profiled(*args, **kwargs):
            with _Call(target) as call:
                return call(function, args, kwargs)

    return profiled


def _generator(function, target):
    def profiled(*args, **kwargs):
        with _Call(target) as call:
            return (yield from _Steps(call, function(*args, **kwargs)))

    # Of an old-style coroutine (@types.coroutine), which may be awaited.
    code = getattr(function, "__code__", None)
    if code is not None and code.co_flags & 0x100:
        return types.coroutine(profiled)
    return profiled


def _coroutine(function, target):
    async def profiled(*args, **kwargs):
        with _Call(target) as call:
            return await _Steps(call, function(*args, **kwargs))

    return profiled


def _async_generator(function, target):
    async def profiled(*args, **kwargs):
        with _Call(target) as call:
            inner = function(*args, **kwargs)
            step = inner.__anext__()
            try:
                while True:
                    try:
                        item = await _Steps(call, step)
                    except StopAsyncIteration:
                        return
                    try:
                        value = yield item
                    except GeneratorExit:
                        raise
                    except BaseException as exc:
                        step = inner.athrow(exc)
                    else:
                        step = inner.asend(value)
            finally:
                await _Steps(call, inner.aclose())

    return profiled
