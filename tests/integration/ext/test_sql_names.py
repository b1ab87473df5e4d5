"""The names of DB-API drivers' functions, as lib/change/identity_sql.c lists them: against
the drivers that are installed, and sqlite3's as profiles have them."""
import importlib
import pathlib
import re
import sqlite3

import cprof

SOURCE = pathlib.Path(__file__).parents[3] / "lib/change/identity_sql.c"


def listed(table):
    rows = re.search(r"%s\[\] = \{(.*?)\n\};" % table, SOURCE.read_text(), re.S).group(1)
    return [(of, re.findall(r'"(\w+)"', names))
            for of, names in re.findall(r'\{ "([^"]+)",\s*\{([^}]*)\}', rows)]


C_TYPES = listed("c_types")
FILES = listed("files")


def test_the_lists_are_read():
    assert ("sqlite3.Cursor", ["execute", "executemany", "executescript"]) in C_TYPES
    assert ("pymysql/cursors.py", ["_query"]) in FILES
    assert len(C_TYPES) >= 10 and len(FILES) >= 10


def installed(names):
    """(what is listed, its functions, its module) of the drivers that are here."""
    for of, functions in names:
        module = of[:-3].replace("/", ".") if of.endswith(".py") else of.rpartition(".")[0]
        try:
            yield of, functions, importlib.import_module(module)
        except ImportError:
            continue


def test_methods_of_c_types():
    here = list(installed(C_TYPES))
    assert here[0][0] == "sqlite3.Cursor"
    for of, names, module in here:
        for name in names:
            method = getattr(getattr(module, of.rpartition(".")[2]), name)
            assert repr(method) == "<method '%s' of '%s' objects>" % (name, of)


def test_functions_of_files():
    for file, names, module in installed(FILES):
        codes = {function.__code__.co_name for kind in vars(module).values() if isinstance(kind, type)
                 for function in vars(kind).values() if hasattr(function, "__code__")
                 and function.__code__.co_filename.endswith(file)}
        # oracledb has put executemany behind a generator since.
        assert set(names) - {"executemany"} <= codes, file


class Counting(sqlite3.Cursor):
    def execute(self, *args):
        return super().execute(*args)


def statements(profile):
    sql = {"<method '%s' of '%s' objects>" % (name, of): 0 for of, names in C_TYPES for name in names}
    for key, row in profile.stats.items():
        if key[2] in sql:
            sql[key[2]] += row[1]
    return {name: calls for name, calls in sql.items() if calls}


def test_each_statement_of_sqlite3_is_counted_once():
    connection = sqlite3.connect(":memory:")
    with cprof.Profile() as profile:
        connection.execute("create table t (n)")
        connection.executemany("insert into t values (?)", [(1,), (2,)])
        cursor = connection.cursor()
        cursor.execute("select n from t").fetchall()
        cursor.executescript("select 1; select 2")
        connection.cursor(Counting).execute("select 1")  # by way of a method of Python
    profile.create_stats()
    assert statements(profile) == {
        "<method 'execute' of 'sqlite3.Connection' objects>": 1,
        "<method 'executemany' of 'sqlite3.Connection' objects>": 1,
        "<method 'execute' of 'sqlite3.Cursor' objects>": 2,
        "<method 'executescript' of 'sqlite3.Cursor' objects>": 1,
    }
