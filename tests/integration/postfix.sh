#!/bin/sh
# A Postfix of our own on loopback, beside any that the machine runs: all it reads and writes lies in DIR. Needs root.
# It takes mail for any recipient at test.example, one file a message in DIR/mail/new; refused@test.example gets 550, and
# the 26th recipient of a message 452.
# usage: sh postfix.sh start DIR PORT [CONFIGURE] | stop DIR
#   CONFIGURE, a script of the shell, gets the folder of the configuration before the server starts
set -eu
PATH=$PATH:/usr/sbin:/sbin
[ $# -ge 2 ] || { echo "usage: sh $0 start DIR PORT [CONFIGURE] | stop DIR" >&2; exit 2; }
action=$1
dir=$2
etc=$dir/etc

if [ "$action" = stop ]; then
  postfix -c "$etc" stop >>"$dir/control.log" 2>&1 || postfix -c "$etc" abort >>"$dir/control.log" 2>&1 || true
  exit 0
fi

port=$3
mkdir -p "$etc" "$dir/queue" "$dir/data" "$dir/mail"
chmod 755 "$dir"            # the servers run as other users
chown nobody "$dir/mail"    # who delivers
chown postfix "$dir/data"

cat >"$etc/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
maillog_file = $dir/mail.log
maillog_file_prefixes = $dir

myhostname = mail.test.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
mydestination =

virtual_mailbox_domains = test.example
virtual_mailbox_base = $dir
virtual_mailbox_maps = static:mail/
virtual_minimum_uid = 1
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)

smtpd_recipient_restrictions = reject_unauth_destination
  check_recipient_access inline:{{refused@test.example = 550 5.1.1 Nobody lives here}}
smtpd_error_sleep_time = 0
smtpd_recipient_limit = 25
message_size_limit = 104857600
virtual_mailbox_limit = 0
CF

# Debian's services as they come, but none in a chroot, and the only door is ours.
cp "$(postconf -dh meta_directory)/master.cf.proto" "$etc/master.cf"
postconf -c "$etc" -F '*/*/chroot = n'
postconf -c "$etc" -MX smtp/inet
postconf -c "$etc" -M "127.0.0.1:$port/inet = 127.0.0.1:$port inet n - n - - smtpd"

[ $# -lt 4 ] || sh "$4" "$etc"

# It returns when the port is open, or with an error where that is taken.
postfix -c "$etc" start >>"$dir/control.log" 2>&1 || { cat "$dir/control.log" >&2; exit 1; }
