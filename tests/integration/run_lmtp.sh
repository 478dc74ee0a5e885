#!/bin/sh
# Lets a program speak LMTP to a Dovecot of its own, and counts what lies in the mailboxes then.
# usage: sh run_lmtp.sh PROGRAM EXAMPLE
#   PROGRAM HOST PORT              its last line is the number of messages that alice and bob must have each
#   EXAMPLE HOST PORT FROM TO...   delivers one more, and says who has it
# Exit code 77, which meson takes for skipped, where root or Dovecot's LMTP server is missing.
. "$(dirname "$0")/own_server.sh"
program=$1
example=$2

only_root
needs /usr/lib/dovecot/lmtp dovecot
stop() { sh "$here/dovecot.sh" stop "$dir"; }
make_dir lmtp
printf '%s:x\n' alice bob full >"$dir/passwords"
start() {
  echo 'postmaster_address = postmaster@test.example' | sh "$here/dovecot.sh" start "$dir" lmtp="$1"
}
serve 1 start
port=$ports
# Where a mailbox should be lies a file that nobody may write to: the server sees that only when it delivers.
echo 'not a folder' >"$dir/home/full/Maildir"

"$program" 127.0.0.1 "$port" >"$dir/out" || { cat "$dir/out"; fail "$program ended with an error"; }
cat "$dir/out"
wanted=$(tail -n 1 "$dir/out")

"$example" 127.0.0.1 "$port" sender@x.example alice@test.example full@test.example bob@test.example >"$dir/said"
case $?-$(grep -c ': delivered (250' "$dir/said")-$(grep -c 'full@test.example: not delivered (4' "$dir/said") in
75-2-1) wanted=$((wanted + 1)) ;;
*) cat "$dir/said"; fail "$example said something else" ;;
esac
"$example" 127.0.0.1 "$port" sender@x.example nobody@test.example >"$dir/said"
[ $? = 1 ] && grep -q 'nobody@test.example: not delivered (550' "$dir/said" || { cat "$dir/said"; fail 'nobody got a mail'; }
for user in alice bob; do
  got=$(find "$dir/home/$user/Maildir/new" -type f | wc -l)
  [ "$got" = "$wanted" ] || fail "$user has $got messages, wanted $wanted"
  # The dots have come through as they were.
  grep -qx '\.a line that starts with a dot' "$dir/home/$user"/Maildir/new/* || fail 'a dot is missing'
done
echo "alice and bob have $wanted messages each"
