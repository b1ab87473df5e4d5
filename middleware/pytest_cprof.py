"""pytest --cprof: each request that a test client sends becomes a snapshot.

Beside the package, so that a session without --cprof imports nothing of it.
"""

import os

import pytest


def pytest_addoption(parser):
    group = parser.getgroup("cprof", "profile the requests of test clients")
    group.addoption("--cprof", action="store_true",
                    help="each request that Flask's, Werkzeug's or Django's test client sends "
                         "becomes a snapshot, labelled with the test")
    group.addoption("--cprof-dir", metavar="DIR",
                    help="the archive (default: $CPROF_DIR or ./profiling)")
    group.addoption("--cprof-mode", choices=["exact", "fast", "app"],
                    help="exact: what cProfile counts (the default); fast: Python functions "
                         "alone; app: the application's own alone")
    group.addoption("--cprof-package", action="append", metavar="NAME",
                    help="in mode app: what the application is, instead of all under the "
                         "current directory; may be given several times")
    group.addoption("--cprof-metrics", metavar="NAMES",
                    help="what to measure, separated by commas: cpu (the default), vcsw, allocs, "
                         "alloc_bytes; wall, which is always there, for that alone")


def pytest_configure(config):
    # A session inside a test of another is that test's.
    if (config.getoption("cprof", False) and not config.getoption("collectonly", False)
            and Session.current is None):
        config.pluginmanager.register(Session(config), "cprof-session")


class Session:
    current = None

    def __init__(self, config):
        self.config = config
        self.suite = None
        self.session = None
        self.tests = 0  # of workers
        self.unprofiled = 0
        self.is_worker = hasattr(config, "workerinput")

    # Before xdist starts its workers: they find the run in the environment.
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        from cprof import _cprof

        if _cprof.unavailable is not None:
            raise pytest.UsageError("--cprof: " + _cprof.unavailable)
        from cprof._suite import Suite

        option = self.config.getoption
        metrics = option("cprof_metrics")
        try:
            self.suite = Suite(option("cprof_dir"), option("cprof_mode"), option("cprof_package"),
                               metrics.split(",") if metrics else None)
        except (OSError, ValueError) as exc:
            raise pytest.UsageError("--cprof: %s" % exc)
        if not self.is_worker:
            self.suite.set_outcome(None)
        self.session = session
        Session.current = self

    def phase(self, label):
        self.suite.begin(label)
        yield
        self.suite.end()

    # A request of a fixture does not move the ordinals of the test's own: another test
    # may come to be the first that needs it.
    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        yield from self.phase(item.nodeid + " (setup)")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        yield from self.phase(item.nodeid)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        yield from self.phase(item.nodeid + " (teardown)")
        self.suite.test_is_over()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        """One of xdist's workers is done."""
        told = getattr(node, "workeroutput", {}).get("cprof", {})
        self.tests += told.get("tests", 0)
        self.unprofiled += told.get("unprofiled", 0)

    def pytest_sessionfinish(self):
        if self.suite is None:
            return
        self.suite.stop()
        if self.is_worker:
            self.config.workeroutput["cprof"] = {"tests": self.suite.tests,
                                                 "unprofiled": self.suite.clients.unprofiled}

    def pytest_terminal_summary(self, terminalreporter):
        if self.suite is None:
            return
        self.suite.clients.unprofiled += self.unprofiled
        for line in self.suite.summary(self.suite.tests + self.tests):
            terminalreporter.write_line(line)

    # Last: other plugins may fail a session at its end.
    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        Session.current = None
        if self.suite is not None and not self.is_worker:
            status = getattr(self.session, "exitstatus", None)
            self.suite.set_outcome(status == 0)
