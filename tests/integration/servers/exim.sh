#!/bin/sh
# Sends to an Exim of its own, which is installed for this run only (overlay.sh: its packages exclude Postfix): STARTTLS,
# PLAIN, LOGIN and CRAM-MD5 with what is right and what is wrong, 100 messages by DATA in groups and 100 by BDAT in flight.
# Not part of tests/run.sh: it installs a server anew each time. Needs root.
# usage: sh tests/integration/servers/exim.sh
set -eu

if [ "${1:-}" != inside ]; then
  here=$(cd "$(dirname "$0")" && pwd)
  dir=$(mktemp -d "${TMPDIR:-/tmp}/smtpoll-exim.XXXXXX")
  trap 'rm -rf "$dir"' EXIT
  trap 'exit 1' HUP INT TERM
  chmod 755 "$dir"
  mkdir "$dir/tls"
  sh "$here/../tls_certificates.sh" "$dir/tls" >"$dir/tls.log" 2>&1 || { cat "$dir/tls.log"; exit 1; }
  # shellcheck disable=SC2086  # a compiler and its options
  ${CXX:-g++} -std=c++17 -O1 -DSMTPOLL_OPENSSL -I"$here/../../../include" "$here/exim_send.cpp" -o "$dir/exim_send" -lssl \
    -lcrypto -pthread
  cp "$0" "$dir/exim.sh"
  sh "$here/overlay.sh" "$dir" exim4-daemon-light sh "$dir/exim.sh" inside "$dir"
  exit
fi

dir=$2
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir "$dir/spool" "$dir/log" "$dir/mail"
chown Debian-exim "$dir/spool" "$dir/log" "$dir/mail"
chgrp Debian-exim "$dir/tls/good.key"
chmod 640 "$dir/tls/good.key"
# Only there, in this view of the machine, Exim trusts it enough to deliver as root.
cat >/etc/exim4/exim4.conf <<CF
primary_hostname = mail.test.example
spool_directory = $dir/spool
log_file_path = $dir/log/%slog
pid_file_path = $dir/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = $port
domainlist ours = test.example
tls_advertise_hosts = *
tls_certificate = $dir/tls/good.pem
tls_privatekey = $dir/tls/good.key
chunking_advertise_hosts = *
auth_advertise_hosts = \${if eq{\$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = recipient
acl_smtp_data = content
smtp_accept_queue_per_connection = 0
keep_environment =
rfc1413_query_timeout = 0s
begin acl
recipient:
  accept authenticated = *
         domains = +ours
  deny
content:
  accept
begin routers
ours:
  driver = accept
  domains = +ours
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = $dir/mail
  maildir_format
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{\$auth2}{alice}}{eq{\$auth3}{opensesame}}}}
  server_set_id = \$auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = User Name:: : Password::
  server_condition = \${if and{{eq{\$auth1}{alice}}{eq{\$auth2}{opensesame}}}}
  server_set_id = \$auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if eq{\$auth1}{alice}{opensesame}fail}
  server_set_id = \$auth1
CF
exim4 --version | head -n 1
exim4 -bd
trap 'kill "$(cat "$dir/pid")"' EXIT
fail() {
  echo "FAILED: $1"
  tail -n 12 "$dir"/log/* 2>/dev/null
  exit 1
}
"$dir/exim_send" "$port" "$dir/tls/ca.pem" >"$dir/out" || { cat "$dir/out"; fail 'exim_send ended with an error'; }
cat "$dir/out"
wanted=$(tail -n 1 "$dir/out")

# A message leaves the spool when it lies in the mailbox.
tries=600
while [ -n "$(find "$dir/spool/input" -type f 2>/dev/null)" ]; do
  tries=$((tries - 1))
  [ $tries -gt 0 ] || fail 'the spool does not become empty'
  sleep 0.1
done
got=$(grep -h '^Subject: ' "$dir"/mail/new/* | sort -u | wc -l)
[ "$got" = "$wanted" ] || fail "$got different messages, wanted $wanted"
# Each has two recipients, and each of them a file.
dots=$(grep -lx '\.a line that starts with a dot' "$dir"/mail/new/* | wc -l)
[ "$dots" = $((2 * wanted)) ] || fail "the dots have come through in $dots only"
# Exim notes a K where a message came by BDAT: all but the hundred.
chunked=$(grep -c ' <= .* K S=' "$dir/log/mainlog")
[ "$chunked" = $((wanted - 100)) ] || fail "$chunked came by BDAT, wanted $((wanted - 100))"
echo "$got messages arrived, $chunked of them by BDAT"
