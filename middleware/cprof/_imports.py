"""Something to do with a module once it is imported, should it ever be."""

import sys


class Hooks:
    """Calls a function with each of some modules once it is imported."""

    def __init__(self, functions):
        self.functions = functions
        self.finding = set()

    def install(self):
        for name, function in self.functions.items():
            module = sys.modules.get(name)
            if module is not None:
                function(module)
        sys.meta_path.insert(0, self)

    def remove(self):
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name, path=None, target=None):
        function = self.functions.get(name)
        # A hook of another may ask all for the same module again.
        if function is None or name in self.finding:
            return None
        self.finding.add(name)
        try:
            return self.find(name, path, target, function)
        finally:
            self.finding.discard(name)

    def find(self, name, path, target, function):
        for finder in list(sys.meta_path):
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec and finder is not self else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = Loader(spec.loader, function)
                return spec
        return None


class Loader:
    """The module's own, and then the function."""

    def __init__(self, loader, function):
        self.loader = loader
        self.function = function

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        self.function(module)
