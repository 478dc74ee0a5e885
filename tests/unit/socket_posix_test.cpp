#include "smtpoll/socket/posix.hpp"

#include <doctest/doctest.h>

#if defined(SMTPOLL_POSIX)

#include <sys/time.h>

#include "loopback.hpp"

using smtpoll::Errc;
using smtpoll::IoStatus;
using smtpoll::Millis;
using smtpoll::PosixSocket;
using smtpoll::Readiness;

namespace {

void CheckClosedOnExec(int descriptor) { CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0); }
void CheckDescriptor(int descriptor) {
  CheckClosedOnExec(descriptor);
  CHECK((::fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
}

void CheckNoDelay(int descriptor) {
  int value = 0;
  socklen_t size = sizeof value;
  CHECK(::getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0);
  CHECK(value != 0);
}

volatile sig_atomic_t signals = 0;
void CountSignal(int) { signals = signals + 1; }

}  // namespace

TEST_CASE("PosixSocket: every descriptor is non-blocking, closed on exec and without delay") {
  PosixSocket listener, socket;
  std::uint16_t port = 0;
  REQUIRE(listener.Listen(port, "127.0.0.1").status == IoStatus::Done);
  CheckDescriptor(listener.NativeHandle());
  smtpoll::IoResult result = socket.Connect({"localhost", port, {}});
  REQUIRE(result.status == IoStatus::Again);
  CheckDescriptor(socket.NativeHandle());

  Pair<PosixSocket> pair;
  for (const PosixSocket* one : {&pair.client, &pair.server}) {
    CheckClosedOnExec(one->NativeHandle());
    CheckNoDelay(one->NativeHandle());
  }
}

TEST_CASE("PosixSocket: once connected only ReadWait waits, in one call, and as long as it was told") {
  Pair<PosixSocket> pair;
  char room[64 * 1024];
  CHECK(pair.client.Read(room, sizeof room).status == IoStatus::Again);
  while (pair.client.Write(room, sizeof room).status == IoStatus::Done) {
  }
  const Millis start = PosixSocket::Now();
  CHECK(pair.client.ReadWait(room, sizeof room, 30).status == IoStatus::Again);
  CHECK(PosixSocket::Now() - start >= 29);
  REQUIRE(pair.server.Write("hello", 5).status == IoStatus::Done);
  const smtpoll::IoResult result = pair.client.ReadWait(room, sizeof room, 60000);
  CHECK(result.status == IoStatus::Done);
  CHECK(result.size == 5);
  pair.server.Close();
  CHECK(pair.client.ReadWait(room, sizeof room, 60000).status != IoStatus::Again);
}

TEST_CASE("PosixSocket: all of connecting fits the program's own poll()") {
  PosixSocket listener, socket;
  std::uint16_t port = 0;
  REQUIRE(listener.Listen(port, {}).status == IoStatus::Done);
  smtpoll::IoResult result = socket.Connect({"localhost", port, {}});
  while (result.status == IoStatus::Again) {
    pollfd one{socket.NativeHandle(), 0, 0};
    if (Includes(socket.ConnectWants(), Readiness::Read)) one.events |= POLLIN;
    if (Includes(socket.ConnectWants(), Readiness::Write)) one.events |= POLLOUT;
    REQUIRE(::poll(&one, 1, static_cast<int>(kPatience)) == 1);
    CHECK((one.revents & one.events) != 0);
    result = socket.ConnectStep();
  }
  CHECK(result.status == IoStatus::Done);
}

TEST_CASE("PosixSocket: a connection that the peer has reset is no end of file") {
  Pair<PosixSocket> pair;
  const linger reset{1, 0};
  REQUIRE(::setsockopt(pair.server.NativeHandle(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
  pair.server.Close();
  REQUIRE(pair.client.Wait(Readiness::Read, kPatience) == Readiness::Read);
  char one;
  CHECK(pair.client.Read(&one, 1).error == static_cast<int>(Errc::ConnectionLost));
  CHECK(pair.client.Write("x", 1).error == static_cast<int>(Errc::ConnectionLost));
}

TEST_CASE("PosixSocket::Wait goes on after a signal, with the time that is left") {
  struct sigaction counting = {};
  struct sigaction before = {};
  counting.sa_handler = &CountSignal;
  ::sigaction(SIGALRM, &counting, &before);
  signals = 0;
  const itimerval every_5_ms{{0, 5000}, {0, 5000}};
  const itimerval never{};
  Pair<PosixSocket> pair;
  const Millis start = PosixSocket::Now();
  ::setitimer(ITIMER_REAL, &every_5_ms, nullptr);
  CHECK(pair.client.Wait(Readiness::Read, 100) == Readiness::None);
  ::setitimer(ITIMER_REAL, &never, nullptr);
  const Millis took = PosixSocket::Now() - start;
  ::sigaction(SIGALRM, &before, nullptr);
  CHECK(signals > 0);
  CHECK(took >= 100);
  CHECK(took < kPatience);
}

TEST_CASE("The seed's numbers stand for errno's, all others are told as they are") {
  using smtpoll::detail::PosixCalls;
  const auto code = [](int number) { return static_cast<Errc>(PosixCalls::Translate(number)); };
  for (const int lost : {ECONNRESET, ECONNABORTED, EPIPE, ENOTCONN}) CHECK(code(lost) == Errc::ConnectionLost);
  CHECK(code(EADDRINUSE) == Errc::AddressInUse);
  for (const int full : {ENOMEM, ENOBUFS}) CHECK(code(full) == Errc::OutOfMemory);
  CHECK(code(ENETDOWN) == Errc::NetworkInit);
  for (const int own : {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EMFILE})
    CHECK(PosixCalls::Translate(own) == own);
  CHECK(PosixCalls::TranslateResolve(EAI_MEMORY) == static_cast<int>(Errc::OutOfMemory));
  for (const int unknown : {EAI_NONAME, EAI_AGAIN, EAI_FAIL})
    CHECK(PosixCalls::TranslateResolve(unknown) == static_cast<int>(Errc::NameResolution));
}

#endif
