#!/bin/sh
# Looks for faults without running anything: clang-tidy (.clang-tidy says for what) over all of smtpoll, its templates
# instantiated, and cppcheck over each header. Exit code 0 where neither finds anything. clang-tidy's clang-analyzer follows
# the paths of the code; not g++'s -fanalyzer, which GCC's manual calls fit for C only.
# usage: sh tests/analysis.sh
set -u
cd "$(dirname "$0")/.." || exit 1
sh tests/tools/setup.sh analysis tls || exit 1
failed=0

# run NAME COMMAND...: says whether the command found nothing, and what it found.
run() {
  name=$1
  shift
  if "$@" >"$log" 2>&1; then
    echo "clean   $name"
  else
    failed=1
    echo "FAILED  $name"
    cat "$log"
  fi
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
run clang-tidy clang-tidy --quiet tests/tools/everything.cpp -- -std=c++17 -I include
# One configuration, that of this machine; a buffer that is filled before it is read is not cleared first.
# shellcheck disable=SC2046  # file names without spaces
run cppcheck cppcheck --std=c++17 --language=c++ --enable=warning,performance,portability --inline-suppr --quiet \
  --error-exitcode=1 --suppress=uninitMemberVar -I include -U_WIN32 -D__linux__=1 -D__unix__=1 -D__x86_64__=1 \
  -D__GNUC__=12 -D__cplusplus=201703L -DSMTPOLL_OPENSSL -DSMTPOLL_MBEDTLS -DMBEDTLS_VERSION_NUMBER=0x03060000 -DOPENSSL_VERSION_NUMBER=0x30000000L \
  $(find include -name '*.hpp' ! -name 'schannel*' ! -name winsock.hpp)
exit $failed
