#!/bin/sh
# One example receives what another one sends.
# usage: sh receive_check.sh RECEIVE BLOCKING     the two programs
set -u
receive=$1
blocking=$2
folder=$(mktemp -d "${TMPDIR:-/tmp}/smtpoll-receive.XXXXXX") || exit 1
receiver=
trap '[ -z "$receiver" ] || kill "$receiver" 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

# A port is free when nobody has it; should somebody take it before the receiver does, another one will do.
tries=5
until grep -q waiting "$folder/received" 2>/dev/null; do
  [ $tries -gt 0 ] || { echo 'FAILED: the receiver does not start'; exit 1; }
  tries=$((tries - 1))
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  "$receive" "$port" 2 >"$folder/received" &
  receiver=$!
  while kill -0 "$receiver" 2>/dev/null && ! grep -q waiting "$folder/received"; do sleep 0.05; done
done

"$blocking" 127.0.0.1 "$port" one@example.org two@example.org >"$folder/said" || { cat "$folder/said"; exit 1; }
grep -q '^  two@example.org: 250 ' "$folder/said" || { cat "$folder/said"; exit 1; }
"$blocking" 127.0.0.1 "$port" one@example.org refused@example.org && { echo 'FAILED: refused was not refused'; exit 1; }
"$blocking" 127.0.0.1 "$port" one@example.org three@example.org || exit 1
wait "$receiver" || exit 1
cat "$folder/received"
[ "$(grep -c '^-------- from <one@example.org> to <\(two\|three\)@example.org>$' "$folder/received")" = 2 ]
