#!/bin/sh
# Dovecot's submission server. It keeps no mail but hands on to a Postfix of its own, into whose store we look; nobody
# sends without being authenticated. It is patient for minutes, which cannot be set. See recipe.sh for the usage.
version() { echo "Dovecot submission $(dovecot --version | cut -d ' ' -f 1)"; }

start() {
  chown -R nobody "$dir/mail"
  relay=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  echo 'postconf -c "$1" -e "message_size_limit = 75000000"' >"$dir/configure.sh"
  sh "$here/../postfix.sh" start "$dir" "$relay" "$dir/configure.sh"
  mkdir -p "$dir/run" "$dir/home"
  chown 65534:65534 "$dir/home"
  echo "alice:{PLAIN}opensesame:65534:65534::$dir/home::" >"$dir/users"
  cat >"$dir/dovecot.conf" <<CF
protocols = submission
base_dir = $dir/run
log_path = $dir/dovecot.log
hostname = mail.test.example
ssl = yes
ssl_cert = <$dir/tls/good.pem
ssl_key = <$dir/tls/good.key
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
auth_failure_delay = 0
mail_location = maildir:$dir/home/Maildir
first_valid_uid = 1
submission_max_mail_size = 75000000
submission_relay_host = 127.0.0.1
submission_relay_port = $relay
submission_relay_trusted = no
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
service submission-login {
  inet_listener submission {
    address = 127.0.0.1
    port = $port
  }
}
CF
  dovecot -c "$dir/dovecot.conf"
}
stop() {
  doveadm -c "$dir/dovecot.conf" stop 2>/dev/null || true
  sh "$here/../postfix.sh" stop "$dir"
}

. "$(dirname "$0")/recipe.sh"
