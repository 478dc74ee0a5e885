#!/bin/sh
# A Postfix and a Dovecot of our own on loopback, for authentication: all they read and write lies in DIR. Needs root.
# Dovecot judges credentials, for Postfix's doors and for its own submission server, which hands on to Postfix.
# Nobody sends through a door for clients without being authenticated in TLS; mail for test.example lies in DIR/mail/new.
# usage: sh sasl_server.sh start DIR PLAIN STARTTLS WRAPPED SUBMISSION | stop DIR
#   the last four are ports: Postfix's without authentication (for Dovecot), with STARTTLS, with TLS from the first byte
#   on, and Dovecot's submission server with STARTTLS
#   DIR/tls     certificates as tls_certificates.sh makes them
#   DIR/tokens  access tokens: alice, umlaut (good), expired, forged (bad)
set -eu
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
dir=$2

if [ "$1" = stop ]; then
  sh "$here/dovecot.sh" stop "$dir"
  sh "$here/postfix.sh" stop "$dir"
  exit 0
fi
plain=$3
starttls=$4
wrapped=$5
submission=$6

mkdir -p "$dir/tls" "$dir/keys/default/HS256" "$dir/tokens"
[ -e "$dir/tls/ca.pem" ] || sh "$here/tls_certificates.sh" "$dir/tls" >"$dir/tls.log" 2>&1

# What Postfix is told beside what postfix.sh says.
cat >"$dir/configure.sh" <<'CONF'
etc=$1
client_door='smtpd_tls_security_level=encrypt smtpd_sasl_auth_enable=yes'
client_door="$client_door smtpd_relay_restrictions=permit_sasl_authenticated,reject smtpd_recipient_restrictions="
door() {
  port=$1
  shift
  postconf -c "$etc" -M "127.0.0.1:$port/inet = 127.0.0.1:$port inet n - n - - smtpd"
  for setting in $client_door "$@"; do postconf -c "$etc" -P "127.0.0.1:$port/inet/$setting"; done
}
postconf -c "$etc" -e "smtpd_tls_cert_file = $DIR/tls/good.pem" "smtpd_tls_key_file = $DIR/tls/good.key" \
  'smtpd_sasl_type = dovecot' 'smtpd_sasl_path = private/auth' 'smtpd_sasl_security_options = noanonymous' \
  'smtpd_tls_auth_only = yes'
door "$STARTTLS"
door "$WRAPPED" smtpd_tls_wrappermode=yes
CONF
DIR=$dir STARTTLS=$starttls WRAPPED=$wrapped sh "$here/postfix.sh" start "$dir" "$plain" "$dir/configure.sh"

# Passwords lie there as they are, prepared by SASLprep (RFC 4013), which Dovecot leaves to clients and administrators.
cat >"$dir/users" <<'USERS'
alice:{PLAIN}opensesame, = and more::::::
bjørn:{PLAIN}pässwört IX2🦊::::::
USERS
cat >"$dir/oauth2.conf" <<CF
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=$dir/keys/
username_attribute = sub
CF
python3 - "$dir" <<'PY'
import base64, hashlib, hmac, json, os, sys, time
folder = sys.argv[1]
key = os.urandom(32)
with open(f'{folder}/keys/default/HS256/default', 'wb') as file:
    file.write(base64.b64encode(key))
def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=')
def token(name, user, ends, secret):
    now = int(time.time())
    text = b'.'.join(part(json.dumps(it).encode()) for it in (
        {'alg': 'HS256', 'typ': 'JWT'}, {'sub': user, 'iat': now - 7200, 'exp': now + ends}))
    with open(f'{folder}/tokens/{name}', 'wb') as file:
        file.write(text + b'.' + part(hmac.new(secret, text, hashlib.sha256).digest()))
token('alice', 'alice', 3600, key)
token('umlaut', 'bjørn', 3600, key)
token('expired', 'alice', -3600, key)
token('forged', 'alice', 3600, os.urandom(32))
PY
sh "$here/dovecot.sh" start "$dir" submission="$submission" <<CF
ssl = required
ssl_ca = <$dir/tls/ca.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
ssl_cert_username_field = commonName
auth_ssl_username_from_cert = yes
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2 external
auth_username_chars =
auth_username_format = %u
disable_plaintext_auth = yes
submission_relay_host = 127.0.0.1
submission_relay_port = $plain
submission_relay_trusted = no
passdb {
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = $dir/users
}
passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = $dir/oauth2.conf
}
passdb {
  driver = static
  mechanisms = external
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=$dir/home/%u
}
service auth {
  unix_listener $dir/queue/private/auth {
    mode = 0660
    user = postfix
  }
}
CF
