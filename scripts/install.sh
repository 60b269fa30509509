#!/bin/sh
# Make .venv and install the pinned, hashed packages of the file named: fast with uv, or with
# plain pip where uv cannot be had.
set -eu
requirements=$1
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed. Name it: make PYTHON=python3.11 …" >&2
    exit 1
}
[ -x .venv/bin/python ] || "$python" -m venv .venv || {
    echo "The module venv is missing. On Debian: apt-get install python3-venv" >&2
    exit 1
}
if ! [ -x .venv/bin/uv ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --require-hashes -r requirements-uv.txt || true
fi
if [ -x .venv/bin/uv ]; then
    .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r "$requirements"
else
    .venv/bin/python -m pip install --quiet --require-hashes -r "$requirements"
fi
