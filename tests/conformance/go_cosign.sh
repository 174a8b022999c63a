#!/bin/sh
# go_cosign.sh MAKE_LOG COSIGN WORK_FOLDER
# Cosignatures both ways: Go verifies ours, we verify Go's, on one note; and each refuses what was altered.
set -eu
make_log=$1
cosign=$2
work=$3
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
"$here/build_go.sh" cosigncheck "$work/cosigncheck"
go=$work/cosigncheck

refused() { # what, then the command
  what=$1
  shift
  if "$@" > "$work/refused.txt" 2>&1; then
    echo "accepted though $what" >&2
    exit 1
  fi
  grep -Eq '^(cosigncheck|tlog_cosign): ' "$work/refused.txt" || { cat "$work/refused.txt" >&2; exit 1; }
}

seed=$(date +%s)
echo "seed $seed"
for round in 1 2 3; do
  "$make_log" "$work/log" $((seed + round)) > /dev/null
  note=$work/log/checkpoint
  log=$(cat "$work/log/vkey.txt")
  last=9223372036854775807
  ours=$("$cosign" sign "$note" ours.example $(((seed + round) % 256)) $((seed + round)))
  theirs=$("$go" sign "$note" theirs.example/w $(((seed + round + 1) % 256)) $((seed - round)))
  late=$("$cosign" sign "$note" late.example $(((seed + round + 2) % 256)) "$last")
  later=$("$go" sign "$note" later.example $(((seed + round + 3) % 256)) "$last")
  printf 'ours.example %s\ntheirs.example/w %s\nlate.example %s\nlater.example %s\n' \
    $((seed + round)) $((seed - round)) "$last" "$last" > "$work/expected.txt"
  "$go" check "$note" "$log" "$ours" "$theirs" "$late" "$later" > "$work/go.txt"
  "$cosign" check "$note" "$ours" "$theirs" "$late" "$later" > "$work/ours.txt"
  cmp "$work/expected.txt" "$work/go.txt"
  cmp "$work/expected.txt" "$work/ours.txt"

  # Over another text, nobody's line holds.
  sed '2s/^/1/' "$note" > "$work/altered"
  refused "the size was changed" "$go" check "$work/altered" "$log" "$ours" "$theirs" "$late" "$later"
  for vkey in "$ours" "$theirs" "$late" "$later"; do
    refused "the size was changed" "$cosign" check "$work/altered" "$vkey"
  done
  refused "a log's key is no witness's" "$cosign" check "$note" "$log"
  rm -rf "$work/log"
done
echo "cosignatures of both hold for both, at three checkpoints"
