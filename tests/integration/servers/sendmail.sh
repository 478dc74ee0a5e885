#!/bin/sh
# Sendmail, whose packages exclude Postfix, with AUTH by Cyrus SASL. See recipe.sh for the usage.
packages='sendmail-bin sendmail-cf m4'
version() { sendmail -C "$dir/sendmail.cf" -d0.1 -bt </dev/null | sed -n 's/^Version /Sendmail /p'; }

start() {
  chown -R nobody "$dir/mail"
  chmod 600 "$dir/tls/good.key"
  mkdir -m 700 "$dir/queue"
  # Only there, in this view of the machine, Cyrus SASL looks for it.
  mkdir -p /etc/sasl2
  cat >/etc/sasl2/Sendmail.conf <<CF
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $dir/users
mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512
CF
  echo opensesame | saslpasswd2 -p -c -f "$dir/users" -u mail.test.example alice
  chmod 600 "$dir/users"
  # Without a name with a dot it waits for a minute; and it shall ask nobody else for names.
  echo "127.0.0.1 mail.test.example localhost $(uname -n)" >/etc/hosts
  echo 'hosts files' >"$dir/services"
  # The mailer has no rules to rewrite addresses by: those would put a domain behind a domain.
  cat >"$dir/sendmail.mc" <<CF
include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mail.test.example')dnl
define(\`confSERVICE_SWITCH_FILE', \`$dir/services')dnl
define(\`confDONT_PROBE_INTERFACES', \`True')dnl
define(\`confDONT_BLAME_SENDMAIL', \`TrustStickyBit')dnl
define(\`QUEUE_DIR', \`$dir/queue')dnl
define(\`STATUS_FILE', \`$dir/statistics')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`confPID_FILE', \`$dir/pid')dnl
define(\`confMAX_MESSAGE_SIZE', \`75000000')dnl
define(\`confTO_COMMAND', \`10s')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confQUEUE_LA', \`1000')dnl
define(\`confREFUSE_LA', \`1000')dnl
define(\`confCACERT_PATH', \`$dir/tls')dnl
define(\`confCACERT', \`$dir/tls/ca.pem')dnl
define(\`confSERVER_CERT', \`$dir/tls/good.pem')dnl
define(\`confSERVER_KEY', \`$dir/tls/good.key')dnl
define(\`confAUTH_MECHANISMS', \`PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512')dnl
FEATURE(\`no_default_msa')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
DAEMON_OPTIONS(\`Name=MTA, Family=inet, Addr=127.0.0.1, Port=$port')dnl
RELAY_DOMAIN(\`test.example')dnl
MAILER(\`local')dnl
MAILER_DEFINITIONS
Mstore, P=/bin/sh, F=lsnDFMu8, U=nobody:nogroup, T=DNS/RFC822/X-Unix, A=sh $dir/recipe/store.sh $dir \$u \$g
LOCAL_RULE_0
Rrefused < @ test.example . >	\$#error \$@ 5.1.1 \$: 550 Nobody lives here
R\$+ < @ test.example . >	\$#store \$: \$1@test.example
CF
  m4 "$dir/sendmail.mc" >"$dir/sendmail.cf"
  in_background /usr/libexec/sendmail/sendmail -C "$dir/sendmail.cf" -bD
}
stop() { stop_background; }

. "$(dirname "$0")/recipe.sh"
