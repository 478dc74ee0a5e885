#!/bin/sh
# Lets a program fetch mail by POP3 from a Dovecot of its own, then the example what is left, and looks whether the
# mailbox is empty then.
# usage: sh run_pop3.sh PROGRAM EXAMPLE
#   PROGRAM HOST LMTP_PORT POP3_PORT POP3S_PORT AUTHORITY_FILE   leaves one message
#   EXAMPLE HOST PORT USER PASSWORD FOLDER delete AUTHORITY_FILE
# Exit code 77, which meson takes for skipped, where root or Dovecot's POP3 server is missing.
. "$(dirname "$0")/own_server.sh"

only_root
needs /usr/lib/dovecot/lmtp dovecot /usr/lib/dovecot/pop3 dovecot openssl tls
stop() { sh "$here/dovecot.sh" stop "$dir"; }
make_dir pop3
mkdir "$dir/tls"
sh "$here/tls_certificates.sh" "$dir/tls" >"$dir/tls.log" 2>&1 || fail 'no certificates'
echo 'alice:open sesame' >"$dir/passwords"
start() {
  echo 'auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 apop' |
    sh "$here/dovecot.sh" start "$dir" lmtp="$1" pop3="$2" pop3s="$3"
}
serve 3 start
port() { echo "$ports" | cut -d ' ' -f "$1"; }

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
