#!/usr/bin/env bash
# run_page.sh verifier|browser PAGE_CASES
#
# Tests the page in console/verify with the cases of the program PAGE_CASES. Exit status 77: what it needs is not
# installed.
set -euo pipefail
PAGE_CASES=$(realpath "${2:?the program page_cases}")
export PAGE_CASES
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! command -v node >/dev/null; then
  echo 'skipped: Node.js is not installed'
  exit 77
fi
if [ "$1" = browser ]; then
  if [ ! -d node_modules/playwright-core ] || ! command -v chromium >/dev/null; then
    echo 'skipped: Chromium or Playwright is not installed (npm ci in tests/page)'
    exit 77
  fi
  CHROMIUM=$(command -v chromium)
  export CHROMIUM
fi
exec node --test "$1.test.mjs"
