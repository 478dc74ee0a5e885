#!/bin/sh
# Counts which lines and branches of include/ the tests run: builds without optimisation in build/coverage, runs the unit
# and fault tests and the TLS tables, and prints gcovr's table; --details FILE writes the lines that were not run.
# usage: sh tests/coverage.sh [--details FILE]
set -u
cd "$(dirname "$0")/.." || exit 1
sh tests/tools/setup.sh build tests tls analysis || exit 1
folder=build/coverage
[ -d $folder ] || meson setup $folder -Db_coverage=true -Doptimization=0 -Dcpp_args=-DNDEBUG >/dev/null || exit 1
ninja -C $folder tests/unit/unit tests/fault/fault tests/integration/tls-openssl tests/integration/tls-mbedtls || exit 1
find $folder -name '*.gcda' -delete
SMTPOLL_FAULT_STRIDE=${SMTPOLL_FAULT_STRIDE:-16} meson test -C $folder --no-rebuild unit fault tls-openssl tls-mbedtls ||
  exit 1
# A branch that only an exception takes is none of ours.
gcovr --root . --filter include/ --exclude-throw-branches --exclude-unreachable-branches --print-summary \
  ${1:+--txt "${2:?a file}"} $folder | tail -n 12
