#!/bin/sh
# Lets a program send to a Postfix of its own, and a checker compare what arrived with what was put in.
# usage: sh run_postfix.sh PROGRAM CHECKER [COUNT]
#   PROGRAM HOST PORT COUNT OUTDIR         sends COUNT (100) messages and leaves in OUTDIR what they are made of
#   python3 CHECKER COUNT OUTDIR MAILDIR   compares the files in MAILDIR with that
# Exit code 77, which meson takes for skipped, where root or Postfix is missing.
set -u
PATH=$PATH:/usr/sbin:/sbin
program=$1
checker=$2
count=${3:-100}
here=$(cd "$(dirname "$0")" && pwd)

[ "$(id -u)" = 0 ] || { echo 'skipped: only root can start a Postfix'; exit 77; }
command -v postfix >/dev/null || { echo 'skipped: no Postfix; sh tests/tools/setup.sh postfix installs it'; exit 77; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/smtpoll-postfix.XXXXXX") || exit 1
mkdir "$dir/sent"
trap 'sh "$here/postfix.sh" stop "$dir"; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
  echo "FAILED: $1"
  tail -n 40 "$dir/mail.log" "$dir/control.log" 2>/dev/null
  exit 1
}

# A port is free when nobody has it; should somebody take it before Postfix does, another one will do.
tries=5
while :; do
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  sh "$here/postfix.sh" start "$dir" "$port" && break
  sh "$here/postfix.sh" stop "$dir"
  tries=$((tries - 1))
  [ $tries -gt 0 ] || fail 'Postfix does not start'
done

"$program" 127.0.0.1 "$port" "$count" "$dir/sent" || fail "$program ended with exit code $?"

# A message leaves the queue when it lies in the mailbox.
tries=600
while [ -n "$(cd "$dir/queue" && find maildrop incoming active deferred -type f 2>/dev/null)" ]; do
  tries=$((tries - 1))
  [ $tries -gt 0 ] || fail 'the queue does not become empty'
  sleep 0.1
done

python3 "$checker" "$count" "$dir/sent" "$dir/mail/new"
result=$?
[ $result != 77 ] || exit 77  # the checker lacks something, and has said what
[ $result = 0 ] || fail 'what arrived is not what was sent'
