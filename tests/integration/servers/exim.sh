#!/bin/sh
# Exim, whose packages exclude Postfix. See recipe.sh for the usage.
packages=exim4-daemon-light
version() { exim4 --version | sed -n 's/^Exim version \([^ ]*\).*/Exim \1/p'; }

start() {
  mkdir -p "$dir/spool" "$dir/log"
  chown -R Debian-exim "$dir/spool" "$dir/log" "$dir/mail"
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
dsn_advertise_hosts = *
pipelining_advertise_hosts = *
smtputf8_advertise_hosts = *
auth_advertise_hosts = \${if eq{\$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = recipient
acl_smtp_data = content
message_size_limit = 75000000
smtp_receive_timeout = 10s
smtp_accept_queue_per_connection = 0
keep_environment =
rfc1413_query_timeout = 0s
begin acl
recipient:
  deny local_parts = refused
       message = Nobody lives here
  accept domains = +ours
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
  return_path_add
  headers_add = X-Original-To: \$local_part@\$domain
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
  exim4 -bd
}
stop() { kill "$(cat "$dir/pid")" 2>/dev/null || true; }

. "$(dirname "$0")/recipe.sh"
