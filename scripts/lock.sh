#!/bin/sh
# Writes the lock files of requirements/ anew: for every platform and Python that the project supports, with hashes and
# without an address. --upgrade takes the newest versions; --check writes nothing and fails where a version would differ.
# dev.lock comes first: a server's base.lock is held to the versions that are tested.
set -eu
out=requirements
[ "${1:-}" != --check ] || { out=.cache/locks && rm -rf $out && cp -R requirements $out && shift; }

compile() {
    name=$1 && shift
    sh scripts/uv.sh pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header "$@" --output-file $out/"$name".lock
}
compile dev pyproject.toml --all-extras "$@"
compile base pyproject.toml --constraint requirements/dev.lock
compile audit requirements/audit.in "$@"
compile clients requirements/clients.in "$@"
compile setup requirements/setup.in "$@"

! grep -n '"resolved"' frontend/package-lock.json scripts/*/package-lock.json || exit 1
for lock in requirements/*.lock; do
    ! grep -n '://' "$lock" || exit 1
    grep -o '^[a-z][^\]*' "$lock" >.cache/pins && grep -o '^[a-z][^\]*' $out/"${lock##*/}" | diff .cache/pins - || exit 1
done
