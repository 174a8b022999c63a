#!/bin/sh
# build_go.sh NAME OUTPUT
# Builds go/NAME.go with Debian's golang-go and golang-golang-x-mod-dev, offline. Exit status 77 without them.
set -eu
name=$1
output=$2
here=$(cd "$(dirname "$0")" && pwd)
gopath=/usr/share/gocode
if [ ! -d "$gopath/src/golang.org/x/mod/sumdb/tlog" ]; then
  echo "golang-golang-x-mod-dev is not installed" >&2
  exit 77
fi
# Debian's own go first: another one in PATH may no longer build without modules.
for go in /usr/bin/go go; do
  command -v "$go" > /dev/null || continue
  if GO111MODULE=off GOPATH=$gopath GOFLAGS= CGO_ENABLED=0 GOTOOLCHAIN=local GOCACHE=${output}.cache \
    "$go" build -o "$output" "$here/go/$name.go"; then
    exit 0
  fi
done
echo "no go that builds without modules" >&2
exit 77
