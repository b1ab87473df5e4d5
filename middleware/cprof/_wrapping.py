"""Whether one WSGI callable leads to another.

After `app.wsgi_app = CProfMiddleware(app)` somebody may write
`app.wsgi_app = ProxyFix(app.wsgi_app)`. The middleware is inside then: by the
time it is called, ProxyFix has been through. After `server_app =
CProfMiddleware(app)` the same line puts ProxyFix inside the middleware instead.
The two differ in what the wrapper refers to.
"""

import functools
import gc
import types

# Wrappers are few and small; past this the answer is no.
LIMIT = 2000


def _parts(obj):
    """What a wrapper can hold the next callable in."""
    if isinstance(obj, types.FunctionType):
        # Not __globals__: through them everything leads to everything.
        cells = (cell.cell_contents for cell in obj.__closure__ or () if _is_filled(cell))
        return [*cells, *(obj.__defaults__ or ()), *(obj.__kwdefaults__ or {}).values(), obj.__dict__]
    if isinstance(obj, types.MethodType):
        return [obj.__self__, obj.__func__]
    if isinstance(obj, functools.partial):
        return [obj.func, obj.args, obj.keywords]
    return gc.get_referents(obj)


def _is_filled(cell):
    try:
        cell.cell_contents
    except ValueError:
        return False
    return True


def leads_to(start, target):
    """True if `target` can be reached from the callable `start`."""
    seen = set()
    queue = [start]
    while queue and len(seen) < LIMIT:
        obj = queue.pop(0)
        if obj is target:
            return True
        if id(obj) in seen or isinstance(obj, (type, types.ModuleType)):
            continue
        # The application itself is where both roads meet.
        if obj is not start and obj is getattr(target, "app", None):
            continue
        seen.add(id(obj))
        queue.extend(_parts(obj))
    return False
