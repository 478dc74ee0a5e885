#!/bin/sh
# Counts which lines and branches of include/ the tests run: builds them without optimisation in build/coverage, runs the
# unit and fault tests, signatures and the TLS tables, and prints gcovr's table. What no program uses counts too: every
# inline function, every member of the clients. Exit code 0 where at least 97 % of the lines and 90 % of the branches were
# run, and tests/tools has a reason for each line (coverage_lines.txt) and each branch (coverage_branches.txt) that was not.
# --details FILE writes HTML.
# usage: sh tests/coverage.sh [--details FILE]
set -u
cd "$(dirname "$0")/.." || exit 1
sh tests/tools/setup.sh build tests tls dkim analysis || exit 1
folder=build/coverage
tests='unit fault dkim-openssl dkim-mbedtls tls-openssl tls-mbedtls'

# Without exceptions, which smtpoll has none of, no branch is there for them.
flags='-fno-exceptions -DNDEBUG'
[ -d $folder ] || meson setup $folder -Dauto_features=enabled --unity=on -Db_coverage=true -Doptimization=0 -Ddebug=false \
  "-Dcpp_args=$flags -DDOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS" >/dev/null || exit 1
ninja -C $folder tests/unit/unit tests/unit/dkim-openssl tests/unit/dkim-mbedtls tests/fault/fault \
  tests/integration/tls-openssl tests/integration/tls-mbedtls || exit 1
# shellcheck disable=SC2086  # flags are words
g++ -std=c++17 -O0 -w --coverage $flags -fkeep-inline-functions -I include -c tests/tools/everything.cpp \
  -o $folder/everything.o || exit 1
find $folder -name '*.gcda' -delete
# One after the other: the TLS tables have a patience of seconds.
# shellcheck disable=SC2086  # tests are words
SMTPOLL_FAULT_STRIDE=${SMTPOLL_FAULT_STRIDE:-16} meson test -C $folder --no-rebuild --num-processes 1 \
  --timeout-multiplier 10 $tests || exit 1

failed=0
rm -rf $folder/texts && mkdir $folder/texts
python3 tests/tools/coverage.py $folder tests/tools/coverage_lines.txt tests/tools/coverage_branches.txt $folder/texts || failed=1
gcovr --root . --use-gcov-files --keep --print-summary --fail-under-line 97 --fail-under-branch 90 \
  ${1:+--html-details "${2:?a file}"} $folder/texts || failed=1
exit $failed
