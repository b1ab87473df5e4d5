"""pip install . -- the extension cprof._cprof, the package around it, and the
native command `cprof` beside the environment's other commands.

The extension needs a C compiler and zlib. The command also needs what it draws
and tags with (cairo, FreeType, libpng, graphviz, libgit2) and make; where these are not
there the extension is installed alone, and that is said. To read cprof.toml it
needs a C++ compiler and toml++; without them it does all else.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

from setuptools import Command, Extension, setup
try:
    from setuptools.command.install_data import install_data
except ImportError:
    from distutils.command.install_data import install_data

HERE = os.path.dirname(os.path.abspath(__file__))
os.chdir(HERE)

# The same lists as in mk/ext.mk: the library below the pictures, without git.
EXTENSION_FOLDERS = ["lib/base", "lib/profile", "lib/format", "lib/snapshot", "middleware/ext"]
NATIVE_PACKAGES = ["zlib", "libgit2", "cairo", "freetype2", "fontconfig", "libpng", "libgvc", "libcgraph"]


def version():
    with open("lib/base/version.h", encoding="utf-8") as header:
        return re.search(r'CPROF_VERSION "([^"]+)"', header.read()).group(1)


def readme():
    if not os.path.exists("README.md"):
        return ""
    with open("README.md", encoding="utf-8") as text:
        return text.read()


def extension():
    sources = [path for folder in EXTENSION_FOLDERS for path in sorted(glob.glob(folder + "/*.c"))]
    return Extension(
        "cprof._cprof",
        sources=sources,
        depends=glob.glob("lib/*/*.h") + glob.glob("middleware/ext/*.h"),
        include_dirs=["lib", "middleware/ext"],
        define_macros=[("_GNU_SOURCE", None)],
        extra_compile_args=["-std=c11", "-fvisibility=hidden", "-pthread"],
        extra_link_args=["-pthread"],
        libraries=["z", "m"],
    )


def say(text):
    print("cprof: " + text, file=sys.stderr)


def missing_for_native():
    """Why the native command cannot be built here, or None."""
    if shutil.which("make") is None:
        return "make is not installed"
    if shutil.which("pkg-config") is None:
        return "pkg-config is not installed"
    absent = [name for name in NATIVE_PACKAGES
              if subprocess.call(["pkg-config", "--exists", name]) != 0]
    return "pkg-config does not know " + ", ".join(absent) if absent else None


def missing_for_toml():
    """Why the native command cannot read cprof.toml here, or None."""
    if shutil.which(os.environ.get("CXX", "c++").split()[0]) is None:
        return "there is no C++ compiler"
    if subprocess.call(["pkg-config", "--exists", "tomlplusplus"]) != 0:
        return "pkg-config does not know tomlplusplus"
    return None


class BuildNative(Command):
    """build_scripts, which has make build the command in place of copying scripts."""

    user_options = [("build-dir=", "d", "where it is left")]

    def initialize_options(self):
        self.build_dir = None

    def finalize_options(self):
        self.set_undefined_options("build", ("build_scripts", "build_dir"))

    def run(self):
        self.mkpath(self.build_dir)
        why = missing_for_native()
        if why:
            say("installing the extension alone, without the command `cprof`: %s" % why)
            say("(`make setup` in the source installs what it needs)")
            return
        no_toml = missing_for_toml()
        if no_toml:
            say("the command `cprof` will not read cprof.toml: %s" % no_toml)
        # A folder of its own, whatever CC and knobs the environment holds.
        build = os.path.abspath(os.path.join(self.build_dir, ".."))
        subprocess.check_call(["make", "--no-print-directory", "-j%d" % (os.cpu_count() or 1), "cprof",
                               "BUILD=" + build, "CONFIG=native", "SAN=", "COVERAGE=", "WERROR=",
                               "TOML=" + ("no" if no_toml else "yes")])
        self.copy_file(os.path.join(build, "native", "bin", "cprof"), self.build_dir)

        self.mkpath(self.plugins())
        for plugin in glob.glob(os.path.join(build, "native", "lib", "cprof", "*")):
            self.copy_file(plugin, self.plugins())

    def plugins(self):
        return os.path.join(self.build_dir, "..", "plugins")

    def get_source_files(self):
        return []

    def get_outputs(self):
        return glob.glob(os.path.join(self.build_dir, "cprof"))


class InstallPlugins(install_data):
    """What the command loads, and what loads it, lies in lib/cprof beside its own bin/."""

    def run(self):
        native = self.get_finalized_command("build_scripts")
        self.data_files = [("lib/cprof", sorted(glob.glob(os.path.join(native.plugins(), "*"))))]
        super().run()


setup(
    name="cprof",
    version=version(),
    description="Profiles every request of a Python web application: archived, tagged with its "
                "commit, drawn, compared",
    long_description=readme(),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.8",
    packages=["cprof"],
    py_modules=["pytest_cprof"],
    package_dir={"": "middleware"},
    # The name is the module's, so that -p pytest_cprof is the same plugin.
    entry_points={"pytest11": ["pytest_cprof = pytest_cprof"]},
    package_data={"cprof": ["py.typed", "*.pyi"]},
    ext_modules=[extension()],
    # What stands here is never read: the command is built, not copied.
    scripts=["tools/main.c"],
    # Nor this: what is built is found when it is installed.
    data_files=[("lib/cprof", [])],
    cmdclass={"build_scripts": BuildNative, "install_data": InstallPlugins},
    classifiers=[
        "Framework :: Flask",
        "Framework :: Django",
        "Framework :: Pytest",
        "License :: OSI Approved :: MIT License",
        "Operating System :: POSIX :: Linux",
        "Operating System :: MacOS",
        "Programming Language :: C",
        "Programming Language :: Python :: Implementation :: CPython",
        "Topic :: Internet :: WWW/HTTP :: WSGI :: Middleware",
        "Topic :: Software Development :: Debuggers",
    ] + ["Programming Language :: Python :: 3.%d" % minor for minor in range(8, 16)],
)
