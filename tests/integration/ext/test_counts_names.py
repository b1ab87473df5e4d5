"""Functions that share file, line and name: summed up in profile.prof, told apart
by qualified name in profile.pb.gz."""

import dataclasses
import sys

import pytest
from ext_client import serve


@dataclasses.dataclass
class A:
    x: int = 1


@dataclasses.dataclass
class B:
    x: int = 1


@dataclasses.dataclass
class C(A):
    y: int = 2


def respond(start_response):
    start_response("200 OK", [])
    return [b""]


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_three_dataclasses(archive, mode):
    def app(environ, start_response):
        for cls, n in ((A, 3), (B, 50), (C, 7)):
            for _ in range(n):
                cls()
        return respond(start_response)

    serve(archive.wrap(app, mode=mode))
    snapshot = archive.one()
    rows = {k: row for k, row in snapshot.stats.items() if k[2] == "__init__"}
    assert rows, snapshot.stats
    # cProfile would say 3, 7 or 50.
    by_line = {}
    for (file, line, _), row in rows.items():
        assert file == "<string>"
        by_line[line] = row[:2]
    assert sum(calls for _, calls in by_line.values()) == 60
    calls = snapshot.pprof.calls()
    assert (calls["A.__init__"], calls["B.__init__"], calls["C.__init__"]) == (3, 50, 7)


def test_two_lambdas_on_one_line(archive):
    def app(environ, start_response):
        f, g = (lambda: 1), (lambda: 2)
        f(), f(), g()
        return respond(start_response)

    serve(archive.wrap(app))
    lambdas = [row for k, row in archive.one().stats.items() if k[2] == "<lambda>"]
    assert [row[:2] for row in lambdas] == [(3, 3)]


class Outer:
    class Inner:
        def method(self):
            return [self.value(i) for i in range(2)]

        def value(self, i):
            return i

        @classmethod
        def made(cls):
            return cls()

        @property
        def prop(self):
            return 1

        def __private(self):
            return 1

        def call_private(self):
            return self.__private()

    class Heir(Inner):
        def method(self):
            return super().method()


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_methods_by_class(archive, mode):
    def app(environ, start_response):
        for cls in (Outer.Inner, Outer.Heir):
            thing = cls.made()
            thing.method(), thing.prop, thing.call_private()
        return respond(start_response)

    serve(archive.wrap(app, mode=mode))
    calls = archive.one().pprof.calls()
    names = {name for name in calls if name.startswith("Outer.")}
    assert {"Outer.Inner.method", "Outer.Heir.method", "Outer.Inner.value", "Outer.Inner.made",
            "Outer.Inner.prop", "Outer.Inner.call_private"} <= names
    assert calls["Outer.Inner.method"] == 2  # the heir's calls it
    assert calls["Outer.Heir.method"] == 1
    (private,) = [name for name in calls if name.endswith("__private")]
    assert private == "Outer.Inner.__private"


def test_names_without_addresses(archive):
    def app(environ, start_response):
        object.__new__(A)
        object().__repr__()
        {}.__class__.__call__()
        return respond(start_response)

    serve(archive.wrap(app))
    names = [name for _, _, name in archive.one().stats]
    assert "<built-in method __new__ of type object>" in names
    assert not [name for name in names if "0x" in name]


def test_lone_surrogates_and_odd_texts(archive):
    def app(environ, start_response):
        for name in ("\udcff.py", "tab\tnew\nline", "é\U0001f600", "a" * 5000):
            exec(compile("def f(): pass\nf()", name, "exec"), {})
        return respond(start_response)

    serve(archive.wrap(app))
    snapshot = archive.one()
    assert snapshot.calls()["f"] == 4
    files = {file for file, _, name in snapshot.stats if name == "f"}
    assert "é\U0001f600" in files and "a" * 5000 in files


@pytest.mark.skipif(sys.version_info < (3, 11), reason="older code objects know no class")
def test_local_functions(archive):
    def app(environ, start_response):
        def local():
            pass

        local()
        return respond(start_response)

    serve(archive.wrap(app))
    assert "test_local_functions.<locals>.app.<locals>.local" in archive.one().pprof.calls()
