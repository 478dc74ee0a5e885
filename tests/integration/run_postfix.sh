#!/bin/sh
# Lets a program send to a Postfix of its own, and a checker compare what arrived with what was put in.
# usage: sh run_postfix.sh PROGRAM CHECKER [COUNT]
#   PROGRAM HOST PORT COUNT OUTDIR         sends COUNT (100) messages and leaves in OUTDIR what they are made of
#   python3 CHECKER COUNT OUTDIR MAILDIR   compares the files in MAILDIR with that
# Exit code 77, which meson takes for skipped, where root or Postfix is missing.
. "$(dirname "$0")/own_server.sh"
program=$1
checker=$2
count=${3:-100}

only_root
needs postfix postfix
stop() { sh "$here/postfix.sh" stop "$dir"; }
make_dir postfix
mkdir "$dir/sent"
start() { sh "$here/postfix.sh" start "$dir" "$1"; }
serve 1 start

"$program" 127.0.0.1 "$ports" "$count" "$dir/sent" || fail "$program ended with exit code $?"
await_delivery

python3 "$checker" "$count" "$dir/sent" "$dir/mail/new"
result=$?
[ $result != 77 ] || exit 77  # the checker lacks something, and has said what
[ $result = 0 ] || fail 'what arrived is not what was sent'
