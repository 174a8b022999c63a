#!/usr/bin/env bash
# run_node.sh SCRIPT [its arguments]. Exit status 77: what it needs is not installed.
set -euo pipefail
if ! command -v node >/dev/null; then
  echo 'skipped: Node.js is not installed'
  exit 77
fi
exec node "$(dirname "${BASH_SOURCE[0]}")/$1" "${@:2}"
