#!/usr/bin/env bash
# install.sh VENV ARGUMENTS...: uv pip install into VENV, from where pip would install.
# uv does not read pip's configuration: a mirror or a certificate set up for pip is handed on.
set -euo pipefail

venv="$1"
shift
# Not `pip config get`: that reads one of pip's files, not what they come to together.
configured() { "$venv/bin/python" -m pip config list 2>/dev/null | sed -n "s/^global\.$1='\(.*\)'\$/\1/p" || true; }

index="${PIP_INDEX_URL:-$(configured index-url)}"
certificate="${PIP_CERT:-$(configured cert)}"
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
[ -z "$certificate" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificate}"
export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}"
export VIRTUAL_ENV="$venv"
exec "$venv/bin/uv" pip install --quiet "$@"
