#!/bin/sh
# The table of TLS tests with the transport over mbedTLS 3, which has TLS 1.3. tests/run.sh takes the 2.28 of Debian 12; here
# the packages of Debian 13 are unpacked into a folder, and nothing is installed. It takes minutes, so it is no part of
# tests/run.sh.
# usage: sh tests/mbedtls3.sh [ARGUMENT FOR DOCTEST...]
# The folder .cache/mbedtls3 keeps what is made.
set -eu
cd "$(dirname "$0")/.."
sh tests/tools/setup.sh compiler tls tests
folder=$PWD/.cache/mbedtls3
library=$folder/root/usr/lib/$(${CXX:-g++} -print-multiarch)

if [ ! -e "$library/libmbedtls.so" ]; then
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/packages"
  # From where this machine has its own Debian.
  # shellcheck disable=SC2016  # apt-get fills it in
  from=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' | sed 1q)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from trixie main" >"$folder/sources.list"
  apt() {
    apt-get -q -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
      -o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root "$@"
  }
  apt update
  (cd "$folder/packages" && rm -f ./*.deb && apt download libmbedtls-dev libmbedtls21 libmbedcrypto16 libmbedx509-7)
  for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder/root"; done
fi

mkdir -p "$folder/objects"
rm -f "$folder"/objects/*
for file in tests/unit/main.cpp tests/integration/tls_allocations.cpp tests/integration/tls_*_test.cpp; do
  case $file in *openssl* | *schannel* | *proxy*) continue ;; esac
  echo "$file"
done | xargs -P2 -I{} sh -c '
  $1 -std=c++17 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Werror -pthread -Iinclude \
    -isystem "$2/root/usr/include" -DSMTPOLL_MBEDTLS -c "$3" -o "$2/objects/$(basename "$3").o"' sh "${CXX:-g++}" \
  "$folder" {}
${CXX:-g++} -pthread "$folder"/objects/*.o -o "$folder/tests" -L"$library" -Wl,-rpath,"$library" -lmbedtls -lmbedx509 \
  -lmbedcrypto
python3 tests/integration/tls_run.py "$folder/tests" "$@"
