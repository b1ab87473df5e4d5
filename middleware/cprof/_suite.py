"""A suite of tests whose requests become snapshots, for `pytest --cprof` and
`python -m cprof --requests`.

All of a suite is one run. The process that starts it makes the run's folder and names
it in the environment (CPROF_DIR, CPROF_RUN): workers, and servers that tests start,
write there too. What an application says to its own CProfMiddleware does not count
for what a test client sends: the suite's is around it, and each request is profiled
once.
"""

import contextlib
import functools
import json
import os

import cprof
from cprof import _cprof, _log
from cprof._clients import Clients
from cprof._imports import Hooks


class Suite:
    def __init__(self, directory=None, mode=None, packages=None, metrics=None):
        """May raise what CProfMiddleware does, for options that are wrong.

        CPU time is what a busy machine leaves nearly as it is: without other metrics it
        is measured, so that `cprof gate` can prove there what the wall clock hides.
        """
        self.saved = {}
        if directory is not None:
            self.set_variable("CPROF_DIR", os.path.abspath(directory))
        if mode is not None:
            self.set_variable("CPROF_MODE", mode)
        self.pid = os.getpid()
        self.tests = 0
        self.labels = []
        self.sent_before = 0
        # Told to each middleware as well: a test may empty the environment for a while.
        options = {"mode": os.environ.get("CPROF_MODE") or "exact", "packages": packages,
                   "metrics": ["cpu"] if metrics is None else metrics}
        try:
            cprof.CProfMiddleware(id, **options)
            self.directory, self.run = _cprof._open_run()
        except BaseException:
            self.restore_variables()
            raise
        self.set_variable("CPROF_DIR", self.directory)
        self.set_variable("CPROF_RUN", self.run)
        self.before = self.counts()
        self.clients = Clients(directory=self.directory, run=self.run, **options)
        self.clients.install()

    def set_variable(self, name, value):
        self.saved.setdefault(name, os.environ.get(name))
        os.environ[name] = value

    def restore_variables(self):
        for name, value in self.saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    @property
    def folder(self):
        return os.path.join(self.directory, self.run)

    def begin(self, label):
        """What is sent from now on, in any thread, is this test's."""
        self.labels.append(label)
        _cprof._set_label(label)

    def end(self):
        self.labels.pop()
        _cprof._set_label(self.labels[-1] if self.labels else None)
        self.clients.finish()
        if os.getpid() != self.pid:
            # A child that ran the test may end without a word.
            cprof.flush(10)

    def test_is_over(self):
        if self.clients.sent != self.sent_before:
            self.tests += 1
            self.sent_before = self.clients.sent
            self.clients.forget()

    def stop(self):
        """All that was sent is on the disk, and the clients are as they were."""
        self.clients.remove()
        self.restore_variables()
        _cprof._set_label(None)
        cprof.flush(60)

    def set_outcome(self, passed):
        """Of a run that has ended: whether all passed. None: it begins, and should nothing
        else be said, as when it is killed, it is no baseline."""
        try:
            _cprof._set_outcome(self.folder, passed)
        except OSError as exc:
            _log.warn("the outcome is not kept: %s" % exc)

    def counts(self):
        """Requests kept and dropped by all processes of the run."""
        try:
            with open(os.path.join(self.folder, "run.json"), encoding="utf-8") as file:
                document = json.load(file)
            rows = document["processes"] + [document.get("earlier", {})]
            return tuple(sum(row.get(name, 0) for row in rows) for name in ("kept", "dropped"))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return 0, 0

    def summary(self, tests=None):
        """Lines for who started the suite."""
        kept, dropped = (now - before for now, before in zip(self.counts(), self.before))
        folder = os.path.relpath(self.folder)
        if folder.startswith(os.pardir):
            folder = self.folder
        text = "cprof: " + plural(kept, "request")
        if tests:
            text += " of " + plural(tests, "test")
        lines = [text + " in " + folder]
        if dropped:
            lines.append("cprof: " + plural(dropped, "request") + " dropped: the log says why")
        if os.environ.get("CPROF_DISABLE", "0") not in ("", "0"):
            lines.append("cprof: CPROF_DISABLE is set: nothing was profiled")
        if self.clients.unprofiled:
            lines.append("cprof: " + plural(self.clients.unprofiled, "request") +
                         " of Django's AsyncClient not profiled: only its Client is")
        return lines


class UnitTests:
    """Gives the suite the id of each test that unittest runs, and of what a class does
    before and after its tests."""

    def __init__(self, suite):
        self.suite = suite
        self.hooks = Hooks({"unittest.case": self.change_cases,
                            "unittest.suite": self.change_classes})
        self.hooks.install()

    def change_cases(self, module):
        run = module.TestCase.run

        @functools.wraps(run)
        def replacement(case, result=None):
            try:
                with self.labelled(case.id()):
                    return run(case, result)
            finally:
                self.suite.test_is_over()

        module.TestCase.run = replacement

    def change_classes(self, module):
        set_up = module.TestSuite._handleClassSetUp
        tear_down = module.TestSuite._tearDownPreviousClass

        @functools.wraps(set_up)
        def labelled_set_up(suite, test, result):
            with self.labelled(class_name(type(test)) + " (setUpClass)"):
                set_up(suite, test, result)

        @functools.wraps(tear_down)
        def labelled_tear_down(suite, test, result):
            before = getattr(result, "_previousTestClass", None)
            with self.labelled(class_name(before) + " (tearDownClass)"):
                tear_down(suite, test, result)

        module.TestSuite._handleClassSetUp = labelled_set_up
        module.TestSuite._tearDownPreviousClass = labelled_tear_down

    @contextlib.contextmanager
    def labelled(self, label):
        self.suite.begin(label)
        try:
            yield
        finally:
            self.suite.end()


def class_name(cls):
    return "%s.%s" % (getattr(cls, "__module__", "?"), getattr(cls, "__qualname__", "?"))


def plural(n, what):
    return "%d %s%s" % (n, what, "" if n == 1 else "s")
