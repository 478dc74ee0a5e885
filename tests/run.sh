#!/bin/sh
# Installs what is missing, builds everything and runs all tests, then the unit and fault tests once more under the
# address and undefined behaviour sanitizers. Exit code 0 where all is well. CXX names the compiler; without it g++.
# usage: sh tests/run.sh
set -u
cd "$(dirname "$0")/.." || exit 1
CXX=${CXX:-g++}
export CXX
sh tests/tools/setup.sh build tests tls postfix sasl proxies dkim dovecot gsasl readers git || exit 1

# configure FOLDER OPTION...: makes the build folder, anew where it was made with another compiler or other options.
configure() {
  folder=$1
  shift
  means="$CXX $*"
  [ "$(cat "$folder/means" 2>/dev/null)" = "$means" ] && return
  rm -rf "$folder"
  meson setup "$folder" -Dauto_features=enabled "$@" && echo "$means" >"$folder/means"
}

# test_all FOLDER TEST...: runs the tests named, or all, and repeats what doctest says of each of its programs.
test_all() {
  rm -f "$1"/meson-logs/testlog.*
  meson test -C "$@" --no-rebuild --print-errorlogs
  result=$?
  echo
  awk -v folder="$1" '/^test: /{ name = $NF }
    /^\[doctest\] (test cases|assertions):/{ print folder " " name ": " $0 }' "$1/meson-logs/testlog.txt"
  return $result
}

# Without the debugger's tables everything compiles in half of the time; a sanitizer's report needs but lines.
failed=0
configure build -Ddebug=false && ninja -C build -k 0 && test_all build || failed=1
configure build/asan --unity=on -Db_sanitize=address,undefined -Db_lundef=false -Ddebug=false \
  '-Dcpp_args=-fno-sanitize-recover=all -g1' && ninja -C build/asan -k 0 tests/unit/unit tests/fault/fault &&
  SMTPOLL_FAULT_STRIDE=16 test_all build/asan unit fault || failed=1
[ $failed = 0 ] && echo 'run.sh: all is well' || echo 'run.sh: something failed, see above'
exit $failed
