"""What a user installs: `pip install .` from a source distribution, with and
without the drawing libraries, and `make install`."""
import glob
import os
import shutil
import subprocess
import sys
import venv

import pytest

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
REQUEST = """
import cprof, os
application = cprof.CProfMiddleware(lambda environ, start: (start("200 OK", []), [b""])[1])
application({"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SCRIPT_NAME": ""}, lambda *_: None)
assert cprof.flush(30)
print(cprof.__file__)
"""
# The name must be the module's: pytest -p would load it twice.
PLUGIN = """
from importlib import metadata, util
assert util.find_spec("pytest_cprof")
print(*[(e.group, e.name, e.value) for e in metadata.distribution("cprof").entry_points])
"""


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def environment(**more):
    """Without what the suite has set so that nothing needs to be installed."""
    return dict({name: value for name, value in os.environ.items()
                 if name not in ("PYTHONPATH", "MAKEFLAGS", "MFLAGS")
                 and not name.startswith("CPROF_")}, CFLAGS="-O0", **more)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The source distribution's file, made from a copy of what git would have."""
    source = tmp_path_factory.mktemp("source") / "cprof"
    shutil.copytree(TOP, str(source), ignore=shutil.ignore_patterns(
        "build", "dist", ".git", "*.egg-info", "__pycache__", "tests", "profiling"))
    run(sys.executable, "setup.py", "-q", "sdist", cwd=str(source), env=environment())
    made, = glob.glob(str(source / "dist" / "cprof-*.tar.gz"))
    return made


@pytest.fixture
def install(sdist, tmp_path):
    """install(**environment): a virtual environment's bin folder, and what pip said."""
    def install(**variables):
        # In two steps, for this environment has the setuptools that builds, and the
        # new one needs nothing at all: neither step fetches anything.
        built = run(sys.executable, "-m", "pip", "-v", "wheel", "--no-deps", "--no-index",
                    "--no-build-isolation", "-w", str(tmp_path), sdist,
                    env=environment(**variables), cwd=str(tmp_path))
        wheel, = glob.glob(str(tmp_path / "cprof-*.whl"))
        target = str(tmp_path / "venv")
        venv.create(target, with_pip=False)
        run(sys.executable, "-m", "pip", "--python", os.path.join(target, "bin", "python"),
            "install", "--no-deps", "--no-index", wheel, env=environment(), cwd=str(tmp_path))
        return os.path.join(target, "bin"), built.stdout + built.stderr
    return install


def check_package(bin_folder, tmp_path):
    """The installed package profiles a request."""
    found = run(os.path.join(bin_folder, "python"), "-c", REQUEST, cwd=str(tmp_path),
                env=environment()).stdout
    assert found.startswith(os.path.dirname(bin_folder))
    assert len(glob.glob(str(tmp_path / "profiling" / "*" / "GET.root.*" / "profile.prof"))) == 1
    found = run(os.path.join(bin_folder, "python"), "-c", PLUGIN, cwd=str(tmp_path),
                env=environment()).stdout
    assert found == "('pytest11', 'pytest_cprof', 'pytest_cprof')\n"


def test_pip_install_brings_package_and_command(install, tmp_path):
    bin_folder, _ = install()
    check_package(bin_folder, tmp_path)
    command = os.path.join(bin_folder, "cprof")
    assert run(command, "--version").stdout.startswith("cprof ")
    run(command, "render", cwd=str(tmp_path))
    for plugin in "draw", "page", "git", "toml":
        assert os.path.exists(os.path.join(bin_folder, "..", "lib", "cprof", plugin + ".so"))
    assert len(glob.glob(str(tmp_path / "profiling" / "*" / "*" / "dot.png"))) == 1


def test_pip_install_without_drawing_libraries_brings_the_package_and_says_so(install, tmp_path):
    bin_folder, said = install(PKG_CONFIG_LIBDIR=str(tmp_path), PKG_CONFIG_PATH="")
    check_package(bin_folder, tmp_path)
    assert not os.path.exists(os.path.join(bin_folder, "cprof"))
    assert "installing the extension alone" in said
    assert "cairo" in said and "libgit2" in said


def test_make_install_and_uninstall(tmp_path):
    build = os.environ.get("BUILD", "build")
    destination = tmp_path / "root"
    arguments = ["make", "-C", TOP, "--no-print-directory", "BUILD=" + build,
                 "PYTHON=" + sys.executable, "PREFIX=/opt/cprof", "DESTDIR=%s" % destination,
                 "SAN=", "WERROR="]
    plain = {name: value for name, value in environment().items() if name != "CFLAGS"}
    run(*arguments, "install", env=plain)
    command = destination / "opt" / "cprof" / "bin" / "cprof"
    assert run(str(command), "--version").stdout.startswith("cprof ")
    assert os.access(str(command.parent.parent / "lib" / "cprof" / "cprof"), os.X_OK)
    shared = destination / "opt" / "cprof" / "share"
    assert (shared / "doc" / "cprof" / "schema" / "show.json").exists()
    assert "say what changed" in (shared / "man" / "man1" / "cprof-diff.1").read_text()
    for completion in ("bash-completion/completions/cprof", "zsh/site-functions/_cprof",
                       "fish/vendor_completions.d/cprof.fish"):
        assert "render" in (shared / completion).read_text()
    package, = glob.glob(str(destination / "opt" / "cprof" / "lib*" / "python*" / "*" / "cprof"))
    run(sys.executable, "-c", REQUEST + "import pytest_cprof", cwd=str(tmp_path),
        env=dict(plain, PYTHONPATH=os.path.dirname(package)))
    run(*arguments, "uninstall", env=plain)
    assert [path for path in destination.rglob("*") if not path.is_dir()] == []
