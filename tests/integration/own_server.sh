# What the scripts of this folder share that start servers of their own; each sources it and says, by a function stop,
# how they end.
set -u
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)

# only_root: leaves with the exit code that meson takes for skipped where we may not start a server
only_root() { [ "$(id -u)" = 0 ] || { echo 'skipped: only root can start this server'; exit 77; }; }

# needs COMMAND SET...: so it does where a command is missing, which tests/tools/setup.sh SET installs
needs() {
  while [ $# != 0 ]; do
    command -v "$1" >/dev/null || { echo "skipped: no $1; sh tests/tools/setup.sh $2 installs it"; exit 77; }
    shift 2
  done
}

# make_dir NAME: makes a folder, dir, that is gone at the end
make_dir() {
  dir=$(mktemp -d "${TMPDIR:-/tmp}/smtpoll-$1.XXXXXX") || exit 1
  trap 'stop; rm -rf "$dir"' EXIT
  trap 'exit 1' HUP INT TERM
}

# fail WHY: shows what the servers have logged in dir
fail() {
  echo "FAILED: $1"
  tail -n 40 "$dir"/*.log
  exit 1
}

# free_ports COUNT: ports that nobody has now
free_ports() {
  python3 -c 'import socket, sys
doors = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in doors: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in doors))' "$1"
}

# serve COUNT COMMAND...: COMMAND... PORT... starts servers at COUNT free ports, then in ports; should somebody take one
# before they do, others will do
serve() {
  doors=$1
  shift
  tries=5
  while :; do
    ports=$(free_ports "$doors")
    # shellcheck disable=SC2086  # one argument a port
    "$@" $ports && return
    stop
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail 'the servers do not start'
  done
}

# await_delivery: until Postfix has nothing left; a message leaves the queue when it lies in the mailbox
await_delivery() {
  tries=600
  while [ -n "$(cd "$dir/queue" && find maildrop incoming active deferred -type f 2>/dev/null)" ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail 'the queue does not become empty'
    sleep 0.1
  done
}
