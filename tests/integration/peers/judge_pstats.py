"""Run by each CPython, in the folder that holds `profiling`: judge_pstats.py SNAPSHOT...
Exits 1 where its own pstats finds fault with a snapshot."""
import io
import pstats
import sys


def judge(snapshot):
    path = snapshot + "/profile.prof"
    out = io.StringIO()
    stats = pstats.Stats(path, stream=out)
    stats.sort_stats("time", "name").print_stats()
    with open(snapshot + "/callstack.txt", encoding="utf-8", newline="") as text:
        if text.read() != out.getvalue():
            sys.exit("%s: callstack.txt is not what pstats prints:\n%s" % (snapshot, out.getvalue()))
    calls = primitive = 0
    for function, (cc, nc, tt, ct, callers) in stats.stats.items():
        calls, primitive = calls + nc, primitive + cc
        assert 0 < cc <= nc and 0 <= tt <= ct + 1e-9, function
        for caller, (arc_nc, arc_cc, arc_tt, arc_ct) in callers.items():
            assert caller in stats.stats, (function, caller)
            # Not as in the value itself: here all calls come first.
            assert arc_nc >= arc_cc >= 0 and arc_tt <= arc_ct + 1e-9, (function, caller)
        assert sum(arc[0] for arc in callers.values()) <= nc, function
    assert (calls, primitive) == (stats.total_calls, stats.prim_calls), snapshot
    # All else that people do with it.
    stats.print_callers()
    stats.print_callees()
    stats.add(path)
    assert stats.total_calls == 2 * calls
    stats.strip_dirs().reverse_order().print_stats(".*", 5)


for argument in sys.argv[1:]:
    judge(argument)
