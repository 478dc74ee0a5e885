#!/bin/sh
# What a new user sees in the first five minutes: a Debian of nothing but its smallest set of packages and a C++ compiler,
# this tree in a folder of it, the quick start, and then a program of ten lines that has the single header only. Prints
# what is typed there and what comes of it, and at last how long it took.
# usage: sh tests/first_minutes.sh [FOLDER]
#   FOLDER   where the Debian lies or is made, to be used again; without it one that is removed in the end
# Needs root. MIRROR names another mirror of Debian's than the usual one.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" = 0 ] || { echo 'first_minutes.sh: only root can make a Debian' >&2; exit 1; }
sh "$here/tests/tools/setup.sh" debian >&2

root=${1:-}
if [ -z "$root" ]; then
  root=$(mktemp -d "${TMPDIR:-/tmp}/smtpoll-debian.XXXXXX")
  trap 'rm -rf "$root"' EXIT
  trap 'exit 1' HUP INT TERM
fi
if [ ! -x "$root/usr/bin/g++" ]; then
  # shellcheck disable=SC2086  # no argument where there is none
  debootstrap --variant=minbase --include=g++ "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" ${MIRROR:-} >&2
fi

rm -rf "$root/root/smtpoll" "$root/root/mine"
mkdir "$root/root/smtpoll"
git -C "$here" ls-files -z | tar -c -C "$here" --null -T - | tar -x -C "$root/root/smtpoll"

# The port of the program of ten lines; it is this machine's own loopback, so one that is free is looked for.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$root/root/hello.cpp" <<CPP
#include "smtpoll.hpp"
#include <cstdio>
int main() {
  smtpoll::EmailMessage mail;
  mail.FromAddress = "me@example.org";
  mail.AddRecipient("you@example.org");
  mail.BodyPlainText = "Hello, World!\n";
  smtpoll::Session session;
  session.Connect("127.0.0.1", $port);
  std::puts(Name(session.Send(mail).outcome));
}
CPP
cat >"$root/root/minutes" <<'SH'
set -eu
cd /root/smtpoll
type() {
  echo "\$ $1"
  eval "$1"
}
type 'dpkg -l | grep -c ^ii; g++ --version | head -n 1'
type 'sh tests/quickstart.sh'
type 'mkdir ~/mine && cp single_include/smtpoll/smtpoll.hpp ~/mine'
type 'g++ -std=c++17 -I single_include tests/examples/receive.cpp -o ~/mine/receive'
cp ~/hello.cpp ~/mine
cd ~/mine
type 'ls'
type 'cat hello.cpp'
type 'g++ -std=c++17 hello.cpp -o hello'
type "./receive $1 1 >received &"
# The receiver has to listen before somebody calls; it says so.
until grep -q waiting received; do sleep 0.1; done
type './hello'
wait
type 'cat received'
SH
start=$(date +%s)
env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TMPDIR=/tmp chroot "$root" sh /root/minutes "$port" \
  >"$root/root/transcript" 2>&1 || { cat "$root/root/transcript"; exit 1; }
# Without colours, and of a line that was written over and over the last state.
sed 's/\x1b\[[0-9;]*m//g; s/\r$//; s/.*\r//' "$root/root/transcript"
echo "($(($(date +%s) - start)) seconds)"
