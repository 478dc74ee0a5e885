#!/bin/sh
# Lets a program speak LMTP to a Dovecot of its own, and counts what lies in the mailboxes then.
# usage: sh run_lmtp.sh PROGRAM EXAMPLE
#   PROGRAM HOST PORT              its last line is the number of messages that alice and bob must have each
#   EXAMPLE HOST PORT FROM TO...   delivers one more, and says who has it
# Exit code 77, which meson takes for skipped, where root or Dovecot's LMTP server is missing.
set -u
PATH=$PATH:/usr/sbin:/sbin
program=$1
example=$2

[ "$(id -u)" = 0 ] || { echo 'skipped: only root can start a Dovecot'; exit 77; }
[ -x /usr/lib/dovecot/lmtp ] || { echo 'skipped: no dovecot-lmtpd; sh tests/tools/setup.sh dovecot installs it'; exit 77; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/smtpoll-lmtp.XXXXXX") || exit 1
trap 'doveadm -c "$dir/dovecot.conf" stop 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$dir"
mkdir "$dir/run" "$dir/home"
for user in alice bob full; do
  mkdir "$dir/home/$user"
  echo "$user:{PLAIN}x:65534:65534::$dir/home/$user::" >>"$dir/users"
done
chown -R 65534:65534 "$dir/home"
# Where a mailbox should be lies a file that nobody may write to: the server sees that only when it delivers.
echo 'not a folder' >"$dir/home/full/Maildir"

fail() {
  echo "FAILED: $1"
  tail -n 30 "$dir/dovecot.log"
  exit 1
}

# A port is free when nobody has it; should somebody take it before Dovecot does, another one will do.
tries=5
while :; do
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >"$dir/dovecot.conf" <<CF
protocols = lmtp
base_dir = $dir/run
log_path = $dir/dovecot.log
ssl = no
hostname = mail.test.example
postmaster_address = postmaster@test.example
mail_location = maildir:~/Maildir
first_valid_uid = 1
auth_username_format = %n
passdb {
  driver = passwd-file
  args = $dir/users
}
userdb {
  driver = passwd-file
  args = $dir/users
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
CF
  dovecot -c "$dir/dovecot.conf" && break
  tries=$((tries - 1))
  [ $tries -gt 0 ] || fail 'Dovecot does not start'
done

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
