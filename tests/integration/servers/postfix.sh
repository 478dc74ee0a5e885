#!/bin/sh
# Postfix, with AUTH by Cyrus SASL. See recipe.sh for the usage.
version() { echo "Postfix $(postconf -dh mail_version)"; }

start() {
  chown -R nobody "$dir/mail"
  sasl=$dir/etc/sasl
  mkdir -p "$sasl"
  cat >"$sasl/smtpd.conf" <<CF
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $sasl/users
mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512
CF
  echo opensesame | saslpasswd2 -p -c -f "$sasl/users" -u test.example alice
  chown postfix "$sasl/users"
  cat >"$dir/configure.sh" <<CF
postconf -c "\$1" -e 'smtpd_tls_security_level = may' 'smtpd_tls_cert_file = $dir/tls/good.pem' \
  'smtpd_tls_key_file = $dir/tls/good.key' 'smtpd_sasl_auth_enable = yes' 'smtpd_sasl_local_domain = test.example' \
  'cyrus_sasl_config_path = $sasl' 'message_size_limit = 75000000' 'smtpd_timeout = 10s'
CF
  sh "$here/../postfix.sh" start "$dir" "$port" "$dir/configure.sh"
}
stop() { sh "$here/../postfix.sh" stop "$dir"; }

. "$(dirname "$0")/recipe.sh"
