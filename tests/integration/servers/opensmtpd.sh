#!/bin/sh
# OpenSMTPD, whose packages exclude Postfix. Its patience with who is idle cannot be set. See recipe.sh for the usage.
packages=opensmtpd
version() { smtpd -h 2>&1 | sed -n 's/^version: *\(.*\)/\1/p'; }

start() {
  chown -R nobody "$dir/mail"
  chmod 600 "$dir/tls/good.key"
  echo "alice $(smtpctl encrypt opensesame)" >"$dir/users"
  cat >"$dir/smtpd.conf" <<CF
pki mail cert "$dir/tls/good.pem"
pki mail key "$dir/tls/good.key"
table users file:$dir/users
table whomever { "@" = "nobody" }
smtp max-message-size "75000000"
listen on 127.0.0.1 port $port hostname mail.test.example tls pki mail auth-optional <users>
action store mda "sh $dir/recipe/store.sh $dir %{rcpt} %{sender}" user nobody virtual <whomever>
match from any for rcpt-to "refused@test.example" reject
match from any for domain "test.example" action store
CF
  in_background smtpd -d -f "$dir/smtpd.conf"
}
stop() { stop_background; }

. "$(dirname "$0")/recipe.sh"
