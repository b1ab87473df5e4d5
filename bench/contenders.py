"""Profilers by one shape: start() and stop() around the work, for the thread."""
import sys


class Plain:
    def start(self):
        pass

    def stop(self):
        pass


class Calls(Plain):
    """The hook that returns at once, for all that cProfile counts."""

    def __init__(self):
        import _floor
        self.floor = _floor

    def start(self):
        self.floor.calls_on()

    def stop(self):
        self.floor.off()


class TimedCalls(Calls):
    """That, reading the clock where a call begins and ends."""

    def start(self):
        self.floor.timed_calls_on()


class Frames(Calls):
    """The same for Python functions alone, by the frame evaluation hook."""

    def start(self):
        self.floor.frames_on()


class Ours:
    def __init__(self, mode):
        self.mode = mode

    def start(self):
        import cprof
        self.profile = cprof.Profile(mode=self.mode)
        self.profile.enable()

    def stop(self):
        self.profile.disable()


class CProfile:
    def __init__(self, builtins=True):
        self.builtins = builtins

    def start(self):
        import cProfile
        self.profile = cProfile.Profile(builtins=self.builtins)
        self.profile.enable()

    def stop(self):
        self.profile.disable()


class Yappi:
    def __init__(self, clock):
        import yappi
        self.yappi = yappi
        yappi.set_clock_type(clock)

    def start(self):
        self.yappi.start(builtins=True, profile_threads=False)

    def stop(self):
        self.yappi.stop()
        self.yappi.clear_stats()


class VizTracer:
    def __init__(self):
        from viztracer import VizTracer as Tracer
        self.tracer = Tracer(tracer_entries=3000000, verbose=0)

    def start(self):
        self.tracer.start()

    def stop(self):
        self.tracer.stop()
        self.tracer.clear()


class PyInstrument:
    def __init__(self):
        from pyinstrument import Profiler
        self.make = Profiler

    def start(self):
        self.profiler = self.make(interval=0.001)
        self.profiler.start()

    def stop(self):
        self.profiler.stop()


# Name: how it is made, and whether it leaves something behind when it is off.
CONTENDERS = {
    "none": Plain,
    "hook that returns": Calls,
    "hook that reads the clock": TimedCalls,
    "frame hook that returns": Frames,
    "cprof exact": lambda: Ours("exact"),
    "cprof fast": lambda: Ours("fast"),
    "cprof app": lambda: Ours("app"),
    "cProfile": CProfile,
    "cProfile(builtins=False)": lambda: CProfile(builtins=False),
    "yappi wall": lambda: Yappi("wall"),
    "yappi cpu": lambda: Yappi("cpu"),
    "viztracer": VizTracer,
    "pyinstrument 1 ms": PyInstrument,
}
# From 3.12 app mode's events stay on for good: that process has no unprofiled
# state to come back to.
STAYS_ON = {"cprof app"} if sys.version_info >= (3, 12) else set()
