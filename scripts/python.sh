#!/bin/sh
# Runs its arguments with the first Python here that is 3.11 or newer and can make virtual environments.
# PYTHON=/path/to/python names one.
export PYTHONUTF8=1

incomplete=
for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && exec "$python" "$@"
        incomplete=$python
    fi
done

if [ -n "$incomplete" ]; then
    version=$("$incomplete" -c 'import sys; print("{}.{}".format(*sys.version_info))')
    echo "Python $version lacks venv or ensurepip. Install them and try again; on Debian: apt-get install -y python$version-venv" >&2
elif [ -n "${PYTHON:-}" ]; then
    echo "PYTHON=$PYTHON is not a Python 3.11 or newer." >&2
else
    found=$(python3 --version 2>/dev/null) || found="no python3"
    echo "Messenger Center needs Python 3.11 or newer, and this machine has $found. Install one, or name it: make PYTHON=/path/to/python3.12 …" >&2
fi
exit 1
