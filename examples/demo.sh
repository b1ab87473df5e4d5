#!/bin/sh
# demo -- `make demo`: from a bare machine to two profiled commits and their
# difference. Everything it makes lies under $BUILD/demo.
set -eu
cd "$(dirname "$0")/.."

BUILD=${BUILD:-build}
PYTHON=${PYTHON:-python3}
MAKE=${MAKE:-make}
work=$BUILD/demo
venv=$work/venv

run() {
	printf '+ %s\n' "$*"
	"$@"
}

printf '== packages\n'
ci/setup core native ext demo
printf '== build\n'
"$MAKE" --no-print-directory -j"$(getconf _NPROCESSORS_ONLN || echo 2)" BUILD="$BUILD" PYTHON="$PYTHON" all
pythonpath=$("$MAKE" -s --no-print-directory BUILD="$BUILD" PYTHON="$PYTHON" print-pythonpath)

printf '== a virtual environment with Flask\n'
mkdir -p "$work"
[ -x "$venv/bin/python" ] || run "$PYTHON" -m venv "$venv"
run "$venv/bin/python" -m pip install -q --disable-pip-version-check -r examples/flask_app/requirements.txt

PATH=$PWD/$BUILD/release/bin:$PATH PYTHONPATH=$pythonpath
export PATH PYTHONPATH
exec "$venv/bin/python" examples/demo.py "$work"
