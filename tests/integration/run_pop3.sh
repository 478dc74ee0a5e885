#!/bin/sh
# Lets a program fetch mail by POP3 from a Dovecot of its own, then the example what is left, and looks whether the
# mailbox is empty then.
# usage: sh run_pop3.sh PROGRAM EXAMPLE
#   PROGRAM HOST LMTP_PORT POP3_PORT POP3S_PORT AUTHORITY_FILE   leaves one message
#   EXAMPLE HOST PORT USER PASSWORD FOLDER delete AUTHORITY_FILE
# Exit code 77, which meson takes for skipped, where root or Dovecot's POP3 server is missing.
set -u
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)

[ "$(id -u)" = 0 ] || { echo 'skipped: only root can start a Dovecot'; exit 77; }
for need in '/usr/lib/dovecot/lmtp dovecot' '/usr/lib/dovecot/pop3 dovecot' 'openssl tls'; do
  command -v "${need% *}" >/dev/null ||
    { echo "skipped: ${need% *} is missing; sh tests/tools/setup.sh ${need#* } installs it"; exit 77; }
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/smtpoll-pop3.XXXXXX") || exit 1
trap 'doveadm -c "$dir/dovecot.conf" stop 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$dir"
mkdir "$dir/run" "$dir/home" "$dir/home/alice" "$dir/tls"
echo "alice:{PLAIN}open sesame:65534:65534::$dir/home/alice::" >"$dir/users"
chown -R 65534:65534 "$dir/home"
sh "$here/tls_certificates.sh" "$dir/tls" >"$dir/tls.log" 2>&1 || { cat "$dir/tls.log"; exit 1; }

fail() {
  echo "FAILED: $1"
  tail -n 30 "$dir/dovecot.log"
  exit 1
}

# Ports are free when nobody has them; should somebody take one before Dovecot does, others will do.
tries=5
while :; do
  ports=$(python3 -c 'import socket
doors = [socket.socket() for _ in range(3)]
for s in doors: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in doors))')
  # shellcheck disable=SC2086  # three ports
  port() { echo $ports | cut -d ' ' -f "$1"; }
  cat >"$dir/dovecot.conf" <<CF
protocols = lmtp pop3
base_dir = $dir/run
log_path = $dir/dovecot.log
hostname = mail.test.example
ssl = yes
ssl_cert = <$dir/tls/good.pem
ssl_key = <$dir/tls/good.key
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 apop
auth_failure_delay = 0
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
# Without it each failed login from an address makes the next one wait longer.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $(port 1)
  }
}
service pop3-login {
  inet_listener pop3 {
    address = 127.0.0.1
    port = $(port 2)
  }
  inet_listener pop3s {
    address = 127.0.0.1
    port = $(port 3)
    ssl = yes
  }
}
CF
  dovecot -c "$dir/dovecot.conf" && break
  tries=$((tries - 1))
  [ $tries -gt 0 ] || fail 'Dovecot does not start'
done

# shellcheck disable=SC2086  # three ports
"$1" localhost $ports "$dir/tls/ca.pem" || fail "$1 ended with an error"
mkdir "$dir/fetched"
"$2" localhost "$(port 2)" alice 'open barley' "$dir/fetched" delete "$dir/tls/ca.pem" && fail 'a wrong password'
[ -z "$(ls "$dir/fetched")" ] || fail 'something was fetched with a wrong password'
"$2" localhost "$(port 2)" alice 'open sesame' "$dir/fetched" keep "$dir/tls/ca.pem" || fail 'the example, by STLS'
POP3_IMPLICIT_TLS=1 "$2" localhost "$(port 3)" alice 'open sesame' "$dir/fetched/.." keep "$dir/tls/ca.pem" ||
  fail 'the example, by TLS'
cmp "$dir"/fetched/*.eml "$dir"/*.eml || fail 'the example stored two different messages'
grep -q '^Hello, World!' "$dir"/fetched/*.eml || fail 'the example stored another message'
rm "$dir"/fetched/*.eml
"$2" localhost "$(port 2)" alice 'open sesame' "$dir/fetched" delete "$dir/tls/ca.pem" || fail 'the example, deleting'
[ "$(ls "$dir/fetched" | wc -l)" = 1 ] || fail 'the example stored nothing before it deleted'
left=$(find "$dir/home/alice/Maildir/new" "$dir/home/alice/Maildir/cur" -type f | wc -l)
[ "$left" = 0 ] || fail "$left messages are left in the mailbox"
echo 'the mailbox is empty'
