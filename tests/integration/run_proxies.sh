#!/bin/sh
# Runs a command that sends through microsocks (SOCKS5) and tinyproxy (HTTP CONNECT), each there without and with a login;
# their four ports stand in PROXY_PORTS.
# usage: sh run_proxies.sh COMMAND [ARGUMENT...]
# Exit code 77, which meson takes for skipped, where a proxy is missing.
. "$(dirname "$0")/own_server.sh"
needs microsocks proxies tinyproxy proxies
running=
# shellcheck disable=SC2086  # processes
stop() { [ -z "$running" ] || kill $running; }
make_dir proxies
PROXY_PORTS=$(free_ports 4)
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

"$@" || fail "$1 ended with an error"

# The name went to the proxy as a name.
grep -q 'connected to localhost:' "$dir/socks.log" || fail 'microsocks was given no name'
