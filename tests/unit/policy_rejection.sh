#!/bin/sh
# A policy without one of its members does not compile, and the compiler says in one sentence which one is missing.
# usage: CXX=compiler policy_rejection.sh INCLUDE_DIR
set -u
compiler=${CXX:-c++}
include_dir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# compiles PROGRAM: true where it does; what the compiler says goes to $work/log.
compiles() {
  "$compiler" -std=c++17 -fsyntax-only -I "$include_dir" "$1" 2>"$work/log"
}

# reject KIND NUMBER SENTENCE: the program without the line behind line NUMBER is refused with SENTENCE.
reject() {
  sed -e "$(($2 + 1))d" -e "/\/\/! /d" "$work/$1.cpp" >"$work/wrong.cpp"
  if compiles "$work/wrong.cpp"; then
    echo "FAILED  compiles without: $3"
  elif ! grep -qF "$3" "$work/log"; then
    echo "FAILED  is not said: $3"
    cat "$work/log"
  else
    echo "ok      $3"
    return
  fi
  failures=$((failures + 1))
}

# check KIND: the program on standard input compiles whole, and not without any one of the lines that have the
# compiler's sentence above them.
check() {
  cat >"$work/$1.cpp"
  if ! compiles "$work/$1.cpp"; then
    echo "FAILED  the whole $1 policy does not compile"
    cat "$work/log"
    failures=$((failures + 1))
  fi
  grep -n '//! ' "$work/$1.cpp" >"$work/list"
  while IFS= read -r line; do
    reject "$1" "${line%%:*}" "${line##*//! }"
  done <"$work/list"
}

check socket <<'END'
#include "smtpoll/socket/socket_policy.hpp"
using namespace smtpoll;
struct WrongResult { void Read(char* into, std::size_t room); };
struct Policy : WrongResult {
  using Handle = int;
  //! SocketPolicy: needs NativeHandle() const and a constant kNoHandle to compare it with
  static constexpr Handle kNoHandle = -1;
  //! SocketPolicy: needs static Millis Now()
  static Millis Now();
  //! SocketPolicy: needs IoResult Connect(const Endpoint& to)
  IoResult Connect(const Endpoint& to);
  //! SocketPolicy: needs IoResult ConnectStep()
  IoResult ConnectStep();
  //! SocketPolicy: needs Readiness ConnectWants() const
  Readiness ConnectWants() const;
  //! SocketPolicy: needs IoResult Read(char* into, size_t room)
  IoResult Read(char* into, std::size_t room);
  //! SocketPolicy: needs IoResult Write(const char* bytes, size_t size)
  IoResult Write(const char* bytes, std::size_t size);
  //! SocketPolicy: needs Readiness Wait(Readiness what, Millis at_most)
  Readiness Wait(Readiness what, Millis at_most);
  //! SocketPolicy: needs void Close()
  void Close();
  //! SocketPolicy: needs NativeHandle() const and a constant kNoHandle to compare it with
  Handle NativeHandle() const;
  //! SocketPolicy: needs size_t LocalAddress(char* into, size_t room) const
  std::size_t LocalAddress(char* into, std::size_t room) const;
  //! SocketPolicy: needs size_t RemoteAddress(char* into, size_t room) const
  std::size_t RemoteAddress(char* into, std::size_t room) const;
};
int main() { RequireSocketPolicy<Policy>(); }
END

check transport <<'END'
#include "smtpoll/transport/transport_policy.hpp"
using namespace smtpoll;
struct Socket {};
template <typename S>
struct Policy {
  Policy(int);
  //! TransportPolicy: needs a constructor without arguments
  Policy();
  //! TransportPolicy: needs static constexpr bool kEncrypts
  static constexpr bool kEncrypts = true;
  //! TransportPolicy: needs Socket& NextLayer()
  S& NextLayer();
  //! TransportPolicy: needs const Socket& NextLayer() const
  const S& NextLayer() const;
  //! TransportPolicy: needs IoResult Handshake(string_view server_name)
  IoResult Handshake(std::string_view server_name);
  //! TransportPolicy: needs IoResult Read(char* into, size_t room)
  IoResult Read(char* into, std::size_t room);
  //! TransportPolicy: needs IoResult Write(const char* bytes, size_t size)
  IoResult Write(const char* bytes, std::size_t size);
  //! TransportPolicy: needs Readiness Wants() const
  Readiness Wants() const;
  //! TransportPolicy: needs bool Secured() const
  bool Secured() const;
  //! TransportPolicy: needs void Close()
  void Close();
};
int main() { RequireTransportPolicy<Policy, Socket>(); }
END

# Who asks for no TLS needs no TLS library: nothing of one is read.
printf '#include "smtpoll/smtpoll.hpp"\nint main() { smtpoll::SMTPSocket socket; }\n' >"$work/core.cpp"
if ! "$compiler" -std=c++17 -M -I "$include_dir" "$work/core.cpp" >"$work/read"; then
  echo 'FAILED  the core does not compile'
  failures=$((failures + 1))
elif grep -E '[ /](openssl|mbedtls|psa)/' "$work/read"; then
  echo 'FAILED  the core reads headers of a TLS library'
  failures=$((failures + 1))
else
  echo 'ok      the core reads no headers of a TLS library'
fi

# Without a TLS library there is no SMTPSecureSocket, and the compiler says where to get one.
for class in SMTPSecureSocket SecureSession; do
  for sentence in 'define SMTPOLL_OPENSSL, SMTPOLL_MBEDTLS or' 'include smtpoll/transport/openssl.hpp'; do
    printf '#include "smtpoll/smtpoll.hpp"\nint main() { smtpoll::%s wanted; }\n' $class >"$work/secure.cpp"
    if compiles "$work/secure.cpp"; then
      echo "FAILED  compiles without TLS: $class"
    elif ! grep -qF "$sentence" "$work/log"; then
      echo "FAILED  is not said of $class: $sentence"
      cat "$work/log"
    else
      echo "ok      $class: $sentence"
      continue
    fi
    failures=$((failures + 1))
  done
done

[ "$failures" = 0 ]
