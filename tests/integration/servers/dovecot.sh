#!/bin/sh
# Dovecot's submission server. It keeps no mail but hands on to a Postfix of its own, into whose store we look; nobody
# sends without being authenticated. It is patient for minutes, which cannot be set. See recipe.sh for the usage.
version() { echo "Dovecot submission $(dovecot --version | cut -d ' ' -f 1)"; }

start() {
  chown -R nobody "$dir/mail"
  relay=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  echo 'postconf -c "$1" -e "message_size_limit = 75000000"' >"$dir/configure.sh"
  sh "$here/../postfix.sh" start "$dir" "$relay" "$dir/configure.sh"
  echo alice:opensesame >"$dir/passwords"
  sh "$here/../dovecot.sh" start "$dir" submission="$port" <<CF
submission_max_mail_size = 75000000
submission_relay_host = 127.0.0.1
submission_relay_port = $relay
submission_relay_trusted = no
CF
}
stop() {
  sh "$here/../dovecot.sh" stop "$dir"
  sh "$here/../postfix.sh" stop "$dir"
}

. "$(dirname "$0")/recipe.sh"
