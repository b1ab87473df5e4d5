"""python -m cprof --requests."""

UNIT_TESTS = '''
import unittest
from flask_app import app

class Users(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        app.test_client().get("/user/0")

    @classmethod
    def tearDownClass(cls):
        app.test_client().get("/old/0")

    def setUp(self):
        self.client = app.test_client()
        self.client.get("/user/1")

    def test_subtests(self):
        for id in 2, 3:
            with self.subTest(id=id):
                self.client.get("/user/%d" % id)

    def test_nested(self):
        class Inner(unittest.TestCase):
            def test(self):
                app.test_client().get("/user/4")
            def id(self):
                return "inner"
        Inner("test").run()
        self.client.get("/user/5")

    def test_none(self):
        self.skipTest("no reason")

class Asynchronous(unittest.IsolatedAsyncioTestCase):
    async def test_user(self):
        app.test_client().get("/user/6")
'''
FAILING = '''
    def test_that_fails(self):
        self.fail()
'''


def test_unittest(project):
    project.write("test_unit.py", UNIT_TESTS)
    said = project.run("-m", "cprof", "--requests", "--mode", "fast", "-m", "unittest", "-q", "test_unit")
    show = "GET /user/{id}", 200
    assert project.requests() == {
        "test_unit.Users (setUpClass)": [(1, *show)],
        "test_unit.Users (tearDownClass)": [(1, "GET /old/{id}", 302)],
        "test_unit.Asynchronous.test_user": [(1, *show)],
        "test_unit.Users.test_nested": [(1, *show), (2, *show)],
        "inner": [(1, *show)],
        "test_unit.Users.test_none": [(1, *show)],
        "test_unit.Users.test_subtests": [(1, *show), (2, *show), (3, *show)],
    }
    assert {snapshot.json["mode"] for snapshot in project.snapshots()} == {"fast"}
    run = project.only_run().name
    assert said.splitlines()[-1] == "cprof: 10 requests of 5 tests in profiling/" + run
    assert project.run_json()["outcome"] == "passed"
    # Another suite, into the same run.
    project.write("test_unit.py", UNIT_TESTS + FAILING)
    said = project.run("-m", "cprof", "--requests", "-m", "unittest", "-q", "test_unit.Asynchronous",
                       status=1, CPROF_RUN=run)
    assert "Ran 2 tests" in said
    assert said.splitlines()[-1] == "cprof: 1 request of 1 test in profiling/" + run
    assert project.run_json()["outcome"] == "failed"


def test_script(project):
    project.write("load.py", '''
import sys
import cprof
from flask_app import app

client = app.test_client()
with cprof.label("show"):
    client.get("/user/1")
    client.get("/user/2")
client.get("/stream")
print(sys.argv[1:], __name__)
sys.exit(int(sys.argv[1]))
''')
    said = project.run("-m", "cprof", "--requests", "load.py", "3", "-x", status=3, CPROF_RUN="run")
    assert said.splitlines() == ["['3', '-x'] __main__", "cprof: 3 requests in profiling/run"]
    assert project.requests() == {
        "show": [(1, "GET /user/{id}", 200), (2, "GET /user/{id}", 200)],
        None: [(None, "GET /stream", 200)]}
    assert project.run_json()["outcome"] == "failed"
    assert project.snapshots()[0].calls("look_up") == 1
    assert project.snapshots()[0].measures("cpu")


def test_pytest(project):
    """Is the plugin's."""
    project.write("test_it.py", '''
from flask_app import app
def test_it():
    assert app.test_client().get("/user/1").status_code == 200
''')
    said = project.run("-m", "cprof", "--requests", "--mode", "app", "--package", "flask_app",
                       "--metrics", "wall", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "cprof: 1 request of 1 test in profiling/" + project.only_run().name in said.splitlines()
    assert project.requests() == {"test_it.py::test_it": [(1, "GET /user/{id}", 200)]}
    snapshot, = project.snapshots()
    assert snapshot.json["mode"] == "app" and snapshot.calls("full_dispatch_request") == 0
    assert not snapshot.measures("cpu")
    assert project.run_json()["outcome"] == "passed"


def test_django_in_processes(project):
    """Its runner forks, and ends the children without a word."""
    project.write("manage.py", '''
import multiprocessing, sys
multiprocessing.set_start_method("fork")
import django_app
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
''')
    case = '''
from django.test import SimpleTestCase
class Case(SimpleTestCase):
    def test_it(self):
        self.client.get("/hello/you")
'''
    project.write("tests_one.py", case)
    project.write("tests_two.py", case)
    said = project.run("-m", "cprof", "--requests", "manage.py", "test", "--parallel", "2",
                       "tests_one", "tests_two")
    # In what order is theirs to say.
    assert project.requests() == {
        "tests_one.Case.test_it": [(1, "GET /hello/{name}", 200)],
        "tests_two.Case.test_it": [(1, "GET /hello/{name}", 200)]}
    assert "cprof: 2 requests in profiling/" + project.only_run().name in said.splitlines()
    assert project.run_json()["outcome"] == "passed"


def test_what_cannot_be(project):
    project.write("fine.py", "")
    for arguments, why in [
            (["--archive", "fine.py"], "with --requests the program is not profiled"),
            (["--metrics", "zig", "fine.py"], "no metric is called 'zig'"),
            (["none.py"], "can't open 'none.py'")]:
        assert why in project.run("-m", "cprof", "--requests", *arguments, status=2)
    assert project.runs() == []
