#!/bin/sh
# Sends a first message in under a minute, with nothing but a C++ compiler:
#   sh tests/quickstart.sh                          to a receiver that the example itself runs on loopback
#   sh tests/quickstart.sh smtp://user@host:port [recipient]   to that server
# Honours CXX. The message, its attachment and the program stay in the folder that is printed at the end.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

find_compiler() {
  for compiler in "${CXX:-}" g++ clang++ c++; do
    if [ -n "$compiler" ] && command -v "$compiler" >/dev/null 2>&1; then
      echo "$compiler"
      return
    fi
  done
}
compiler=$(find_compiler)
if [ -z "$compiler" ] && command -v apt-get >/dev/null 2>&1; then
  sh "$root/tests/tools/setup.sh" compiler
  compiler=$(find_compiler)
fi
[ -n "$compiler" ] || { echo "quickstart: no C++ compiler found" >&2; exit 1; }

folder=$(mktemp -d "${TMPDIR:-/tmp}/smtpoll-quickstart.XXXXXX")
echo "compiling tests/examples/quickstart.cpp with $compiler ..."
"$compiler" -std=c++17 -O1 -pthread -I"$root/single_include" "$root/tests/examples/quickstart.cpp" -o "$folder/quickstart"
head -c 300000 /dev/urandom > "$folder/attachment.bin"

"$folder/quickstart" "$folder" "$@"
[ $# -eq 0 ] || exit 0

# The attachment of the stored message: the base64 lines between its header's end and the next boundary.
tr -d '\r' < "$folder/1.eml" |
  awk '/^Content-Disposition: attachment/ { wanted = 1 } wanted && /^$/ { body = 1; next } body && /^--/ { exit } body' |
  base64 -d > "$folder/attachment.received"
cmp "$folder/attachment.bin" "$folder/attachment.received"
echo "its attachment is equal to $folder/attachment.bin"
