#!/bin/sh
# Runs a command that sends through microsocks (SOCKS5) and tinyproxy (HTTP CONNECT), each there without and with a login;
# their four ports stand in PROXY_PORTS.
# usage: sh run_proxies.sh COMMAND [ARGUMENT...]
# Exit code 77, which meson takes for skipped, where a proxy is missing.
set -u
for proxy in microsocks tinyproxy; do
  command -v $proxy >/dev/null || { echo "skipped: no $proxy; sh tests/tools/setup.sh proxies installs it"; exit 77; }
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/smtpoll-proxies.XXXXXX") || exit 1
running=
trap '[ -z "$running" ] || kill $running; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

PROXY_PORTS=$(python3 -c 'import socket
sockets = [socket.socket() for i in range(4)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
export PROXY_PORTS

# tiny NAME PORT LINE: a tinyproxy with one more line of configuration.
tiny() {
  printf 'Listen 127.0.0.1\nPort %s\nAllow 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Info\n%s\n' \
    "$2" "$3" >"$dir/$1.conf"
  exec tinyproxy -d -c "$dir/$1.conf" >"$dir/$1.log" 2>&1
}

# start SOCKS SOCKS_WITH_LOGIN HTTP HTTP_WITH_LOGIN
start() {
  microsocks -i 127.0.0.1 -p "$1" 2>"$dir/socks.log" & running="$running $!"
  microsocks -i 127.0.0.1 -p "$2" -u joe -P open-sesame 2>"$dir/socks-login.log" & running="$running $!"
  tiny http "$3" '' & running="$running $!"
  tiny http-login "$4" 'BasicAuth joe open-sesame' & running="$running $!"
}
# shellcheck disable=SC2086  # four ports
start $PROXY_PORTS

"$@" || { tail -n 20 "$dir"/*.log; exit 1; }

# The name went to the proxy as a name.
grep -q 'connected to localhost:' "$dir/socks.log" || { echo 'FAILED: microsocks was given no name'; exit 1; }
