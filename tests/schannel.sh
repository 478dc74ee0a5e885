#!/bin/sh
# The table of TLS tests with the transport over Schannel, made for Windows and run by wine against openssl s_server. It
# takes minutes, so it is no part of tests/run.sh, which only compiles that transport. What wine's Schannel cannot do, the
# cases say: it resumes nothing, does not tell of a close_notify, and verifies RSA's signatures only.
# usage: sh tests/schannel.sh [ARGUMENT FOR DOCTEST...]
# The folder .cache/schannel keeps what is made, and wine's own files.
set -eu
cd "$(dirname "$0")/.."
sh tests/tools/setup.sh mingw wine tls tests
folder=$PWD/.cache/schannel
mkdir -p "$folder/include" "$folder/objects"
ln -sfn /usr/include/doctest "$folder/include/doctest"
rm -f "$folder"/objects/*
compiler=x86_64-w64-mingw32-g++-posix
for file in tests/unit/main.cpp tests/integration/tls_allocations.cpp tests/integration/tls_*_test.cpp; do
  case $file in *openssl* | *mbedtls* | *proxy*) continue ;; esac
  echo "$file"
done | xargs -P2 -I{} sh -c '
  $1 -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Werror -Iinclude -isystem "$2/include" \
    -DSMTPOLL_SCHANNEL -c "$3" -o "$2/objects/$(basename "$3").o"' sh $compiler "$folder" {}
$compiler -static "$folder"/objects/*.o -o "$folder/tests.exe" -lws2_32 -liphlpapi -lsecur32 -lcrypt32
# Own files of wine's, no display, and none of its own messages.
export WINEPREFIX="$folder/wine" WINEDEBUG=-all DISPLAY= TLS_KEYS=rsa
mkdir -p "$WINEPREFIX"
python3 tests/integration/tls_run.py /usr/lib/wine/wine64 "$folder/tests.exe" "$@"
