#!/bin/sh
# Installs the clients to compare with, builds all with -O2, lets everybody do the same work against the same receiver, and
# prints one table: a row a work, a column a client, as ratios to the floor. Nothing but loopback is used.
# usage: sh tests/bench.sh [--quick] [--rounds N] [--only ROW,...]      (--help tells the rest)
set -u
cd "$(dirname "$0")/.." || exit 1
sh tests/tools/setup.sh build bench || echo 'bench.sh: what could not be installed is left out'
exec python3 tests/bench/bench.py "$@"
