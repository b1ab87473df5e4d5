"""What is done with a module when it is imported (cprof._imports)."""

import importlib
import importlib.util
import sys

import pytest

from cprof._imports import Hooks


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of one that can be imported."""
    (tmp_path / "imported_by_suites.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "imported_by_suites"
    sys.modules.pop("imported_by_suites", None)


def double(module):
    module.value *= 2


def test_once_it_is_imported(module):
    hooks = Hooks({module: double, "no_such_module_of_suites": double})
    hooks.install()
    try:
        found = importlib.import_module(module)
        assert found.value == 2
        assert found.__loader__ is found.__spec__.loader
        assert found.__loader__.get_source(module) == "value = 1\n"
        with pytest.raises(ImportError):
            importlib.import_module("no_such_module_of_suites")
    finally:
        hooks.remove()
    del sys.modules[module]
    assert importlib.import_module(module).value == 1
    hooks.install()
    hooks.remove()
    assert sys.modules[module].value == 2


def test_beside_a_hook_that_asks_all(module):
    class Other:
        asked = False

        def find_spec(self, name, path=None, target=None):
            if name == module and not self.asked:
                self.asked = True
                return importlib.util.find_spec(name)
            return None

    hooks, other = Hooks({module: double}), Other()
    sys.meta_path.insert(0, other)
    hooks.install()
    try:
        assert importlib.import_module(module).value == 2 and other.asked
    finally:
        hooks.remove()
        sys.meta_path.remove(other)
