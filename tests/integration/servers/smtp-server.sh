#!/bin/sh
# smtp-server of npm, Nodemailer's counterpart. See recipe.sh for the usage.
modules=$(cd "$(dirname "$0")/../../.." && pwd)/.cache/npm/node_modules
version() { node -p "'smtp-server ' + require('$modules/smtp-server/package.json').version"; }
start() { in_background env "NODE_PATH=$modules" node "$here/smtp_server.js" "$dir" "$port"; }
stop() { stop_background; }

. "$(dirname "$0")/recipe.sh"
