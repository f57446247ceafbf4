#!/bin/sh
# Runs its arguments with a Python that can set this project up: 3.11 or newer, with venv and pip where there is a choice.
# PYTHON=/path/to/python overrules the search.
set -u
# Text is UTF-8 for all that runs under it, whatever the locale of the machine says.
export PYTHONUTF8=1

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
is_complete() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

if [ -n "${PYTHON:-}" ]; then
    is_new_enough "$PYTHON" || { echo "PYTHON=$PYTHON is not a Python 3.11 or newer." >&2; exit 1; }
    exec "$PYTHON" "$@"
fi

incomplete=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if is_new_enough "$candidate"; then
        is_complete "$candidate" && exec "$candidate" "$@"
        incomplete=${incomplete:-$candidate}
    fi
done
# A Python without venv still runs the set-up, which says what to install.
[ -n "$incomplete" ] && exec "$incomplete" "$@"

found=$(python3 --version 2>/dev/null) || found="no python3"
echo "Messenger Center needs Python 3.11 or newer, and this machine has $found. Install one, or name it: make PYTHON=/path/to/python3.12 …" >&2
exit 1
