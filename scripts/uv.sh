#!/bin/sh
# Runs the locked uv against the index that pip is configured for: uv does not read pip's configuration.
configured() { .cache/uv/bin/python -m pip config list | sed -n "s/^.*\.$1='\(.*\)'\$/\1/p" | head -n 1; }
index=${UV_DEFAULT_INDEX:-$(configured index-url)}
certificates=${SSL_CERT_FILE:-$(configured cert)}
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
[ -z "$certificates" ] || export SSL_CERT_FILE="$certificates"
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" UV_PYTHON_DOWNLOADS=never
exec .cache/uv/bin/uv "$@"
