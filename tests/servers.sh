#!/bin/sh
# Tries smtpoll with real servers, each started for this on loopback from a folder of its own, and prints a table: a row a
# feature, a column a server. Exit code 0 where no fault is ours. Takes minutes: some servers are patient with who is idle.
# Needs root; installs what is missing.
# usage: sh tests/servers.sh [--readme] [SERVER...]
set -eu
cd "$(dirname "$0")/.."
sh tests/tools/setup.sh compiler tls postfix sasl dovecot servers
mkdir -p build/servers
flags='-std=c++17 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Werror -pthread -Iinclude'
# shellcheck disable=SC2086  # the flags are meant to be split
{
  ${CXX:-g++} $flags -DSMTPOLL_OPENSSL tests/integration/servers/matrix_*.cpp -o build/servers/matrix_send -lssl -lcrypto
  ${CXX:-g++} $flags tests/integration/smuggling_send.cpp -o build/servers/smuggling_send
}
PYTHONDONTWRITEBYTECODE=1 exec python3 tests/integration/servers/matrix.py build/servers "$@"
