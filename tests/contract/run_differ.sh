#!/usr/bin/env bash
# run_differ.sh SCHEMA_ANSWER [options of differ.mjs]. Exit status 77: what it needs is not installed.
set -euo pipefail
if ! command -v node >/dev/null; then
  echo 'skipped: Node.js is not installed'
  exit 77
fi
exec node "$(dirname "${BASH_SOURCE[0]}")/differ.mjs" "$@"
