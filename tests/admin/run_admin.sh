#!/usr/bin/env bash
# run_admin.sh document|client|properties|concurrency ADMIN_TEST_SERVER
#
# Tests the administrative interface that the program ADMIN_TEST_SERVER serves. Exit status 77: what it needs is not
# installed.
set -euo pipefail
ADMIN_TEST_SERVER=$(realpath "${2:?the program admin_test_server}")
export ADMIN_TEST_SERVER
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! command -v node >/dev/null || [ ! -d node_modules/fast-check ]; then
  echo 'skipped: Node.js or its packages are not installed (npm ci in tests/admin)'
  exit 77
fi
exec node --test "$1.test.mjs"
