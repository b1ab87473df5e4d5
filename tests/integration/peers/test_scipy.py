"""lib/change/stats.c, asked through ctypes, says what SciPy says."""
import ctypes
import os
import random
import subprocess

import numpy
import pytest
from scipy import stats

ROOT = os.path.join(os.path.dirname(__file__), *[os.pardir] * 3)


class Interval(ctypes.Structure):
    _fields_ = [(name, ctypes.c_double) for name in ("estimate", "low", "high", "reached")]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    library = tmp_path_factory.mktemp("stats") / "stats.so"
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-Ilib", "-pthread",
                    "-o", str(library), "lib/change/stats.c", "lib/base/mem.c", "-lm"],
                   cwd=ROOT, check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.stats_permutation_p.restype = ctypes.c_double
    return loaded


def inputs():
    draw = random.Random(6)
    for number in range(40):
        sizes = draw.randint(2, 6), draw.randint(2, 6)
        if number % 2: # ties, within a side and between
            yield [[float(draw.randint(0, 6)) for _ in range(size)] for size in sizes]
        else:
            yield [[draw.lognormvariate(3, 0.3) + shift for _ in range(size)] for size, shift in zip(sizes, (0, 4))]


def row(values):
    return (ctypes.c_double * len(values))(*values), ctypes.c_size_t(len(values))


def less(x, y, axis):
    return numpy.mean(x, axis=axis) - numpy.mean(y, axis=axis)


def test_permutation(ours):
    for a, b in inputs():
        theirs = stats.permutation_test((a, b), less, vectorized=True, alternative="less", n_resamples=numpy.inf)
        assert ours.stats_permutation_p(*row(a), *row(b)) == pytest.approx(theirs.pvalue, abs=1e-12), (a, b)


@pytest.mark.parametrize("level", [0.9, 0.99])
def test_shift(ours, level):
    for a, b in inputs():
        is_ = Interval()
        assert ours.stats_shift(ctypes.byref(is_), *row(a), *row(b), ctypes.c_double(level)) == 0
        differences = numpy.subtract.outer(b, a).ravel()
        assert is_.estimate == pytest.approx(numpy.median(differences))
        assert is_.reached >= level or (is_.low, is_.high) == (differences.min(), differences.max())

        def p(shift):
            moved = numpy.array(b) - shift
            return stats.mannwhitneyu(moved, a, method="exact").pvalue

        # The rank-sum test refuses what lies outside of the interval, and nothing inside.
        refused = 1 - is_.reached + 1e-12
        assert p(is_.low - 1e-7) <= refused and p(is_.high + 1e-7) <= refused, (a, b)
        if is_.high - is_.low > 1e-6:
            assert p(is_.low + 1e-7) > refused and p(is_.high - 1e-7) > refused, (a, b)
        if len(set(differences.round(9))) == len(differences):
            assert p(is_.low - 1e-7) == pytest.approx(1 - is_.reached)
