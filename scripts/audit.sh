#!/bin/sh
# Asks the registries for known vulnerabilities of what is shipped, and fails if there is one.
# A registry that does not answer, as many mirrors do not, is named and fails nothing.
failed=0
ask() {
    what=$1 && shift
    output=$("$@" 2>&1)
    status=$?
    if echo "$output" | grep -Eq '(No|[0-9]) ([a-z]+ )*vulnerabilit'; then
        printf '%s:\n%s\n' "$what" "$output"
        [ $status -eq 0 ] || failed=1
    else
        echo "$what: NOT AUDITED: $(echo "$output" | grep -v '^npm error A complete log' | tail -n 1)"
    fi
}
ask "Python packages" sh scripts/uv.sh run --quiet --no-project --with-requirements requirements/audit.lock \
    pip-audit --requirement requirements/base.lock --disable-pip --no-deps --progress-spinner off --timeout 5
cd frontend && ask "npm packages" npm audit --audit=true --omit=dev --audit-level=high
exit $failed
