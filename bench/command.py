"""What the command costs beside the programs it stands for, from start to end of
the process, on a profile of importing and running much of the standard library:
pstats for the table, gprof2dot and dot for the picture. CPU time.
"""
import argparse
import cProfile
import os
import resource
import shutil
import subprocess
import sys
import tempfile

from rounds import medians, table


def cpu_ms(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def sample(path):
    """A .prof file of some thousand functions."""
    profiler = cProfile.Profile()
    profiler.enable()
    import asyncio, email.mime.text, http.server, json, logging.config, unittest, xml.dom.minidom  # noqa
    import inspect
    for module in list(sys.modules.values()):
        for _, value in sorted(vars(module).items(), key=lambda item: item[0])[:40]:
            if inspect.isfunction(value):
                inspect.signature(value)
    profiler.disable()
    profiler.dump_stats(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        prof = os.path.join(folder, "profile.prof")
        sample(prof)
        pstats = ("%s -c \"import pstats; pstats.Stats('%s').sort_stats('tottime').print_stats(30)\""
                  % (sys.executable, prof))
        figures = medians({"pstats": pstats, "cprof show": "cprof show --limit 30 " + prof}, rounds, cpu_ms)
        table("The table of a profile, CPU", "ms", figures, "pstats")

        picture = os.path.join(folder, "out.png")
        contenders = {"cprof render": "cprof render -o %s %s" % (picture, prof)}
        peer = "gprof2dot | dot -Tpng"
        if shutil.which("dot"):
            contenders[peer] = "gprof2dot -f pstats %s | dot -Tpng -o %s" % (prof, picture)
        else:
            print("\ngraphviz's program dot is not here: the picture is measured alone")
            peer = "cprof render"
        table("The call graph of a profile, CPU", "ms", medians(contenders, rounds, cpu_ms), peer)


if __name__ == "__main__":
    main()
