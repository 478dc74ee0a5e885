#include "smtpoll/socket/resolver.hpp"

#include <doctest/doctest.h>

#include "faulty_calls.hpp"
#include "loopback.hpp"

using smtpoll::Errc;
using smtpoll::IoStatus;
using smtpoll::Readiness;
using Socket = smtpoll::BasicTcpSocket<FaultyCalls>;

namespace {

constexpr int Number(Errc code) { return static_cast<int>(code); }

}  // namespace

TEST_CASE("No step blocks while a name is looked up, and Wait keeps its time") {
  Scope scope;
  faults.hold_names = true;
  Socket socket;
  CHECK(socket.Connect({"two.test", 25, {}}).status == IoStatus::Again);
  for (int i = 0; i < 100; ++i) CHECK(socket.ConnectStep().status == IoStatus::Again);
  CHECK(socket.Wait(socket.ConnectWants(), 20) == Readiness::None);
  char one;
  CHECK(socket.Read(&one, 1).error == Number(Errc::InvalidState));
}

TEST_CASE("Close while a name is looked up: at once, and the thread cleans up") {
  Scope scope;
  faults.hold_names = true;
  Socket socket;
  REQUIRE(socket.Connect({"two.test", 25, {}}).status == IoStatus::Again);
  REQUIRE(FaultyCalls::handles == 2);
  socket.Close();
  CHECK(socket.NativeHandle() == Socket::kNoHandle);
  CHECK(FaultyCalls::handles == 1);  // the thread's
  CHECK(FaultyCalls::Release());
}

TEST_CASE("A socket that looks up a name can be moved, used for another, and destroyed") {
  Scope scope;
  faults.hold_names = true;
  {
    Socket first, listener;
    std::uint16_t port = 0;
    REQUIRE(listener.Listen(port, "127.0.0.1").status == IoStatus::Done);
    REQUIRE(first.Connect({"two.test", port, {}}).status == IoStatus::Again);
    Socket second(std::move(first));
    CHECK(second.ConnectStep().status == IoStatus::Again);
    CHECK(ConnectError(first, {"127.0.0.1", port, {}}) == 0);
    CHECK(ConnectError(second, {"127.0.0.1", port, {}}) == 0);
    CHECK(first.Connect({"two.test", port, {}}).status == IoStatus::Again);
  }
  CHECK(FaultyCalls::handles == 2);  // the writers of two threads
}

TEST_CASE("Where there is no thread or no handle to be had, the system's number is told") {
  Scope scope;
  Socket socket;
  faults.no_thread = OS_ERROR(EMFILE);
  smtpoll::IoResult result = socket.Connect({"two.test", 25, {}});
  CHECK(result.status == IoStatus::Failed);
  CHECK(result.error == OS_ERROR(EMFILE));
  CHECK(FaultyCalls::handles == 0);
  faults.no_wake = OS_ERROR(ENOBUFS);
  result = socket.Connect({"two.test", 25, {}});
  CHECK(result.error == Number(Errc::OutOfMemory));
}

TEST_CASE("An IP address needs no thread and no handle but the socket's") {
  Scope scope;
  Socket listener, socket;
  std::uint16_t port = 0;
  REQUIRE(listener.Listen(port, "127.0.0.1").status == IoStatus::Done);
  faults.no_thread = faults.no_wake = OS_ERROR(EMFILE);
  CHECK(ConnectError(socket, {"127.0.0.1", port, "127.0.0.1"}) == 0);
  CHECK(FaultyCalls::handles == 2);
}

TEST_CASE("getaddrinfo out of memory: OutOfMemory; all else: NameResolution") {
  Scope scope;
  Socket socket;
  faults.no_resolver = EAI_MEMORY;
  CHECK(ConnectError(socket, {"two.test", 25, {}}) == Number(Errc::OutOfMemory));
  for (const int number : {EAI_AGAIN, EAI_FAIL, EAI_NONAME}) {
    faults.no_resolver = number;
    CHECK(ConnectError(socket, {"two.test", 25, {}}) == Number(Errc::NameResolution));
  }
}
