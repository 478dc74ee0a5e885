#!/bin/sh
# aiosmtpd, a server in python. See recipe.sh for the usage.
version() { /usr/bin/python3 -c 'import aiosmtpd; print("aiosmtpd", aiosmtpd.__version__)'; }
start() { in_background /usr/bin/python3 "$here/aiosmtpd_server.py" "$dir" "$port"; }
stop() { stop_background; }

. "$(dirname "$0")/recipe.sh"
