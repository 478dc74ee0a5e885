#!/bin/sh
# A Dovecot of our own on loopback, beside any that the machine runs: all it reads and writes lies in DIR. Needs root.
# usage: sh dovecot.sh start DIR DOOR=PORT... <SETTINGS | stop DIR
#   DOOR           lmtp, pop3, pop3s or submission
#   SETTINGS       lines of dovecot.conf; they count more than those below
#   DIR/tls        where it is there: certificates as tls_certificates.sh makes them
#   DIR/passwords  where it is there: users, a line NAME:PASSWORD each, whose mail lies in DIR/home/NAME/Maildir
set -eu
PATH=$PATH:/usr/sbin:/sbin
[ $# -ge 2 ] || { echo "usage: sh $0 start DIR DOOR=PORT... <SETTINGS | stop DIR" >&2; exit 2; }
action=$1
dir=$2
shift 2

if [ "$action" = stop ]; then
  doveadm -c "$dir/dovecot.conf" stop 2>/dev/null || true
  exit 0
fi

chmod 755 "$dir"  # the servers run as other users
mkdir -p "$dir/run" "$dir/home"

settings() {
  cat <<CF
base_dir = $dir/run
log_path = $dir/dovecot.log
hostname = mail.test.example
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
auth_failure_delay = 0
mail_location = maildir:~/Maildir
first_valid_uid = 1
# Without it each failed login from an address makes the next one wait longer.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
CF
  if [ -e "$dir/tls" ]; then
    printf 'ssl = yes\nssl_cert = <%s/tls/good.pem\nssl_key = <%s/tls/good.key\n' "$dir" "$dir"
  else
    echo 'ssl = no'
  fi
  if [ -e "$dir/passwords" ]; then
    while IFS=: read -r name password; do
      mkdir -p "$dir/home/$name"
      echo "$name:{PLAIN}$password:65534:65534::$dir/home/$name::"
    done <"$dir/passwords" >"$dir/users"
    for what in passdb userdb; do
      printf '%s {\n  driver = passwd-file\n  args = %s/users\n}\n' $what "$dir"
    done
    echo 'auth_username_format = %n'
  fi
  protocols=
  for door in "$@"; do
    name=${door%=*}
    protocol=${name%s}
    protocols="$protocols $protocol"
    service=$protocol-login
    [ "$protocol" != lmtp ] || service=lmtp
    secure=no
    [ "$name" = "$protocol" ] || secure=yes
    printf 'service %s {\n  inet_listener %s {\n    address = 127.0.0.1\n    port = %s\n    ssl = %s\n  }\n}\n' \
      "$service" "$name" "${door#*=}" $secure
  done
  echo "protocols =$protocols"
  cat
}
settings "$@" >"$dir/dovecot.conf"
chown -R 65534:65534 "$dir/home"
dovecot -c "$dir/dovecot.conf"
