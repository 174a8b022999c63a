#!/bin/sh
# go_tlog.sh MAKE_LOG WORK_FOLDER DATA_FOLDER
# Verifies logs of ours, and one of Tessera's, with Go's implementation; and sees it refuse altered ones.
set -eu
make_log=$1
work=$2
data=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work"
"$here/build_go.sh" tlogcheck "$work/tlogcheck"
tlogcheck=$work/tlogcheck

refused() { # what, then the command
  what=$1
  shift
  if "$@" > "$work/refused.txt" 2>&1; then
    echo "accepted though $what" >&2
    exit 1
  fi
  grep -q '^tlogcheck: ' "$work/refused.txt" || { cat "$work/refused.txt" >&2; exit 1; }
}

seed=$(date +%s)
echo "seed $seed"
for largest in 1 300 600 5000 5000 100000 100000 100000 100000 100000 100000; do
  seed=$((seed + 1))
  log=$work/log
  rm -rf "$log"
  "$make_log" "$log" $seed $largest
  vkey=$(cat "$log/vkey.txt")
  "$tlogcheck" "$log" "$vkey" -proofs "$log/proofs.json" -seed $seed
  refused "the key is another" "$tlogcheck" "$log" \
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
done

# The last of them with one byte changed, file by file.
head -c 4 /dev/zero > "$work/zeros"
last=$(($(sed -n 2p "$log/checkpoint") / 256 - 1)) # hash of level 1
width=$((last % 256 + 1))
level1=tile/1/$(printf %03d $((last / 256)))$([ $width -eq 256 ] || echo ".p/$width")
for file in tile/0/000 "$level1" tile/entries/000 checkpoint; do
  [ -f "$log/$file" ] || continue # the log may be shorter than a tile
  cp "$log/$file" "$work/kept"
  dd if="$work/zeros" of="$log/$file" bs=1 seek=3 conv=notrunc 2> /dev/null
  refused "$file was changed" "$tlogcheck" "$log" "$vkey"
  cp "$work/kept" "$log/$file"
done
"$tlogcheck" "$log" "$vkey"

# And with one hash of each kind of proof changed.
for kind in inclusion consistency; do
  sed "s/\(\"$kind\":\[{[^}]*\"proof\":\[\"\)[^\"]*/\1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=/" "$log/proofs.json" > "$work/changed.json"
  cmp -s "$log/proofs.json" "$work/changed.json" && { echo "no $kind proof to change" >&2; exit 1; }
  refused "a $kind proof was changed" "$tlogcheck" "$log" "$vkey" -proofs "$work/changed.json"
done

tessera=$data/tlog/tessera-log-15
if [ -d "$tessera" ]; then
  for size in 0 1 2 3 4 5 6 7 8 9 10; do
    "$tlogcheck" "$tessera" "$(cat "$tessera/vkey.txt")" -checkpoint "$tessera/checkpoint.$size"
  done
else
  echo "no test data at $tessera: Tessera's log is left out"
fi
