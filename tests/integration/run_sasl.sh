#!/bin/sh
# Lets a program authenticate to a Postfix and a Dovecot of its own, and looks whether exactly what it says it sent is there.
# usage: sh run_sasl.sh PROGRAM EXAMPLE
#   PROGRAM starttls|wrapped|submission PORT FOLDER   which door, its port, the folder of sasl_server.sh; it leaves in
#                                                     FOLDER/expected-DOOR what subjects must have arrived, one a line
#   EXAMPLE HOST PORT USER FROM TO TOKEN_FILE FRESH_TOKEN_FILE AUTHORITY_FILE   sends one message, by the good token
# Exit code 77, which meson takes for skipped, where root or a server is missing.
. "$(dirname "$0")/own_server.sh"
program=$1
example=$2

only_root
needs postfix postfix openssl tls /usr/lib/dovecot/submission dovecot
stop() { sh "$here/sasl_server.sh" stop "$dir"; }
make_dir sasl
serve 4 sh "$here/sasl_server.sh" start "$dir"

# The doors at once: a server takes its time to refuse.
# shellcheck disable=SC2086  # four ports
set -- $ports
"$program" starttls "$2" "$dir" &
starttls=$!
"$program" wrapped "$3" "$dir" &
wrapped=$!
"$program" submission "$4" "$dir" || fail 'through Dovecot'
wait $starttls || fail "through Postfix's STARTTLS"
wait $wrapped || fail "through Postfix's wrapped port"

# The example of OAuth 2.0: with a token that has run out, another one; twice a bad one, and the server's words are shown.
try_example() {
  "$example" 127.0.0.1 "$1" alice sender@test.example alice@test.example "$dir/tokens/expired" "$dir/tokens/$2" \
    "$dir/tls/ca.pem" >"$dir/said"
  [ $? = "$3" ] && grep -q 'refused the token' "$dir/said" && grep -q "$4" "$dir/said" ||
    { cat "$dir/said"; fail "$example says something else"; }
}
for door in "$2" "$4"; do
  try_example "$door" alice 0 '^sent$'
  echo 'Subject: By OAuth 2.0' >>"$dir/expected-example"
  try_example "$door" forged 1 '{"status":"'
done

await_delivery
grep -h '^Subject: ' "$dir"/mail/new/* | sort >"$dir/arrived"
sort "$dir"/expected-* | diff - "$dir/arrived" || fail 'what arrived is not what was sent'
echo "$(wc -l <"$dir/arrived") messages arrived"
