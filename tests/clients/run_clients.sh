#!/usr/bin/env bash
# Starts the stand-in, and Redoubt before it, on free ports with a folder of their own; runs the client tests; stops
# both. The argument is the folder of the programs. With REDOUBT_THROUGH_PROXY=1 the clients speak to `redoubt attest proxy`,
# which speaks to a server that attests itself by a TPM of software; with REDOUBT_THROUGH_PROXY=sealed through an nginx that
# ends TLS, to a key of that server. Exit status 77: Node.js, the client library, or nginx is not installed.
set -euo pipefail
bin=$(realpath "${1:?the folder of the programs}")
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! command -v node >/dev/null || [ ! -d node_modules/openai ]; then
  echo 'skipped: Node.js or the client library is not installed (npm ci in tests/clients)'
  exit 77
fi

work=$(mktemp -d)
children=()
# shellcheck disable=SC2317  # reached through the trap
clean_up() {
  local status=$?
  trap - EXIT
  # The last one started first: Redoubt finishes what is under way before the stand-in goes.
  for ((i = ${#children[@]}; i >= 0; --i)); do
    [ -n "${children[i]:-}" ] || continue
    kill -TERM "${children[i]}" 2>/dev/null || true
    wait "${children[i]}" 2>/dev/null || true
  done
  if [ "$status" -ne 0 ]; then tail -n 40 "$work"/*.log >&2 || true; fi
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 143' INT TERM

# wait_for_address NAME: the address that program NAME says it listens on.
wait_for_address() {
  local line
  for ((i = 0; i < 200; ++i)); do
    line=$(sed -n 's/^listening on \(http[^ ]*\).*/\1/p;T;q' "$work/$1.out")
    if [ -n "$line" ]; then
      printf '%s\n' "$line"
      return 0
    fi
    sleep 0.1
  done
  printf '%s did not start\n' "$1" >&2
  return 1
}

"$bin/redoubt-standin" --listen 127.0.0.1:0 >"$work/standin.out" 2>"$work/standin.log" &
children+=($!)
upstream=$(wait_for_address standin)

if [ "${REDOUBT_STANDIN_ONLY:-}" = 1 ]; then
  REDOUBT_URL=$upstream REDOUBT_KEY=none node --test .
  exit 0
fi

nginx=$(command -v nginx || echo /usr/sbin/nginx)
if [ "${REDOUBT_THROUGH_PROXY:-}" = sealed ] && [ ! -x "$nginx" ]; then
  echo 'skipped: nginx is not installed'
  exit 77
fi

# start_balancer URL: an nginx that ends TLS in front of URL; sets `balancer`.
start_balancer() {
  local port
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  mkdir "$work/nginx"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=balancer \
    -addext subjectAltName=IP:127.0.0.1 -out "$work/nginx/balancer.pem" -keyout "$work/nginx/balancer.key" 2>/dev/null
  cat >"$work/nginx/nginx.conf" <<END
daemon off;
master_process off;
pid $work/nginx/pid;
error_log $work/nginx.log;
events { worker_connections 256; }
http {
  access_log off;
  client_max_body_size 8m;
  client_body_temp_path $work/nginx/body; proxy_temp_path $work/nginx/proxy; fastcgi_temp_path $work/nginx/fastcgi;
  uwsgi_temp_path $work/nginx/uwsgi; scgi_temp_path $work/nginx/scgi;
  server {
    listen 127.0.0.1:$port ssl;
    ssl_certificate $work/nginx/balancer.pem;
    ssl_certificate_key $work/nginx/balancer.key;
    location / { proxy_pass $1; proxy_http_version 1.1; proxy_set_header Host \$http_host; }
  }
}
END
  "$nginx" -p "$work/nginx" -c "$work/nginx/nginx.conf" 2>/dev/null &
  children+=($!)
  balancer=https://127.0.0.1:$port
  for ((i = 0; i < 100; ++i)); do
    if openssl s_client -connect "127.0.0.1:$port" </dev/null >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
}

init_flags=()
if [ -n "${REDOUBT_THROUGH_PROXY:-}" ]; then
  init_flags=(--enclave swtpm)
fi
if [ "${REDOUBT_THROUGH_PROXY:-}" = 1 ]; then
  init_flags+=(--tls)
  export NODE_EXTRA_CA_CERTS="$work/redoubt/tls-ca.pem"  # for the administrative interface, which no proxy leads to
fi
"$bin/redoubt" init "${init_flags[@]}" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --upstream "$upstream" --dir "$work/redoubt" --application clients --application limited --one-person >"$work/init.out"
# key_of NAME: the key that init made for this principal.
key_of() { sed -n "s/.* $1  *//p" "$work/init.out"; }
REDOUBT_KEY=$(key_of clients)
REDOUBT_LIMITED_KEY=$(key_of limited)
REDOUBT_ADMIN_KEY=$(key_of admin-1)
"$bin/redoubt" serve --dir "$work/redoubt" \
  >"$work/redoubt.out" 2>"$work/redoubt.log" &
children+=($!)
REDOUBT_URL=$(wait_for_address redoubt)
REDOUBT_ADMIN_URL=$(sed -n 's/^administration on \(http[^ ]*\).*/\1/p' "$work/redoubt.out")
if [ "${REDOUBT_THROUGH_PROXY:-}" = 1 ]; then
  "$bin/redoubt" attest proxy "$REDOUBT_URL" --listen 127.0.0.1:0 --pin "$work/redoubt/attestation-key.sha256" \
    --ca-file "$work/redoubt/tls-ca.pem" >"$work/proxy.out" 2>"$work/proxy.log" &
  children+=($!)
  REDOUBT_URL=$(wait_for_address proxy)
elif [ "${REDOUBT_THROUGH_PROXY:-}" = sealed ]; then
  start_balancer "$REDOUBT_URL"
  "$bin/redoubt" attest proxy --sealed "$balancer" --listen 127.0.0.1:0 --pin "$work/redoubt/attestation-key.sha256" \
    --ca-file "$work/nginx/balancer.pem" >"$work/proxy.out" 2>"$work/proxy.log" &
  children+=($!)
  REDOUBT_URL=$(wait_for_address proxy)
fi
export REDOUBT_URL REDOUBT_KEY REDOUBT_LIMITED_KEY REDOUBT_ADMIN_URL REDOUBT_ADMIN_KEY
node --test .

# Everything that was answered is in a log that holds together.
kill -TERM "${children[1]}"
wait "${children[1]}" || true
unset 'children[1]'
"$bin/redoubt" ledger verify "$work/redoubt/ledger" --vkey "$(cat "$work/redoubt/ledger.vkey")"
