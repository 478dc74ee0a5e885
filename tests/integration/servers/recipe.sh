# What the recipes of this folder share; each of them sources it as its last line. A recipe starts a server of its own:
# usage: sh NAME.sh DIR PORT
# All that the server reads and writes lies in DIR, where DIR/tls has certificates as ../tls_certificates.sh makes them.
# It serves on 127.0.0.1:PORT until its input ends. Needs root. Where not the recipe says something else:
#   - it offers STARTTLS, and AUTH to alice with the password opensesame, which is her access token too
#   - it takes mail for whomever at test.example, but 550 for refused@test.example, up to 75,000,000 bytes each
#   - it closes a connection that is idle for 10 seconds
#   - what came for a recipient is a file in DIR/mail/new, with his address in X-Original-To and the sender's in
#     Return-Path at its top
# A recipe sets `packages` where they exclude those of other servers (they are then installed for this run only), and
# has functions: version, start, which may leave a server in the background, and stop.
set -eu
PATH=$PATH:/usr/sbin:/sbin
[ $# = 2 ] || { echo "usage: sh $0 DIR PORT" >&2; exit 2; }
dir=$1
port=$2
here=$(cd "$(dirname "$0")" && pwd)

if [ -n "${packages:-}" ] && [ -z "${SMTPOLL_OVERLAY:-}" ]; then
  # In there, only DIR is sure to be what it is here.
  mkdir -p "$dir/recipe"
  cp "$here"/*.sh "$dir/recipe"
  exec sh "$here/overlay.sh" "$dir" "$packages" sh "$dir/recipe/${0##*/}" "$dir" "$port"
fi

# in_background COMMAND...: runs it until stop_background.
in_background() {
  "$@" >"$dir/server.log" 2>&1 </dev/null &
  server=$!
}
stop_background() {
  kill "${server:-}" 2>/dev/null || true
  wait "${server:-}" 2>/dev/null || true
}

chmod 755 "$dir"
mkdir -p "$dir/mail/tmp" "$dir/mail/new" "$dir/mail/cur"
trap stop EXIT
trap 'exit 1' HUP INT TERM
start
version >"$dir/version"
cat >/dev/null
