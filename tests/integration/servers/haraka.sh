#!/bin/sh
# Haraka of npm. See recipe.sh for the usage.
modules=$(cd "$(dirname "$0")/../../.." && pwd)/.cache/npm/node_modules
version() { node -p "'Haraka ' + require('$modules/Haraka/package.json').version"; }

start() {
  config=$dir/config
  mkdir -p "$config" "$dir/plugins" "$dir/queue"
  echo mail.test.example >"$config/me"
  echo LOGINFO >"$config/loglevel"
  printf 'listen=127.0.0.1:%s\ninactivity_timeout=10\nnodes=0\n' "$port" >"$config/smtp.ini"
  # It wants the whole of this file.
  sed 's/^bytes=.*/bytes=75000000/' "$modules/Haraka/config/connection.ini" >"$config/connection.ini"
  cp "$dir/tls/good.pem" "$config/tls_cert.pem"
  cp "$dir/tls/good.key" "$config/tls_key.pem"
  # It would make its own, which takes long.
  openssl dhparam -dsaparam -out "$config/dhparams.pem" 2048 2>/dev/null
  printf 'tls\nauth/flat_file\nstore\n' >"$config/plugins"
  printf '[core]\nmethods=PLAIN,LOGIN,CRAM-MD5\n[users]\nalice=opensesame\n' >"$config/auth_flat_file.ini"
  cp "$here/haraka_store.js" "$dir/plugins/store.js"
  in_background "$modules/.bin/haraka" -c "$dir"
}
stop() { stop_background; }

. "$(dirname "$0")/recipe.sh"
