// Two ends of a TCP connection on this machine, in one thread, for the tests of sockets and what lies over them.
#pragma once

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include "smtpoll/socket/native.hpp"

/// Long enough for anything on loopback; a test that waits so long has failed.
constexpr smtpoll::Millis kPatience = 30000;

/// The system's number for a port on which nobody listens.
#if defined(SMTPOLL_WINDOWS)
constexpr int kRefused = WSAECONNREFUSED;
#else
constexpr int kRefused = ECONNREFUSED;
#endif

/// Goes on with a Connect that returned `result`, to its end.
template <typename Socket>
smtpoll::IoResult Finish(Socket& socket, smtpoll::IoResult result) {
  while (result.status == smtpoll::IoStatus::Again) {
    REQUIRE(socket.Wait(socket.ConnectWants(), kPatience) != smtpoll::Readiness::None);
    result = socket.ConnectStep();
  }
  return result;
}

/// The error number with which Connect to `to` ends, 0 for success.
template <typename Socket>
int ConnectError(Socket& socket, const smtpoll::Endpoint& to) {
  return Finish(socket, socket.Connect(to)).error;
}

/// A connected client and its server.
template <typename Socket>
struct Pair {
  explicit Pair(std::string_view listen_on = "127.0.0.1", std::string_view client_address = {}) {
    REQUIRE(server.Listen(port, listen_on).status == smtpoll::IoStatus::Done);
    const std::string_view host = listen_on.empty() ? std::string_view("127.0.0.1") : listen_on;
    REQUIRE(ConnectError(client, {host, port, client_address}) == 0);
    REQUIRE(server.Wait(smtpoll::Readiness::Read, kPatience) == smtpoll::Readiness::Read);
    REQUIRE(server.AcceptStep().status == smtpoll::IoStatus::Done);
  }

  Socket server;
  Socket client;
  std::uint16_t port = 0;
};

/// Writes all of `bytes`, which the system has room for.
template <typename Stream>
void Say(Stream& stream, std::string_view bytes) {
  const smtpoll::IoResult result = stream.Write(bytes.data(), bytes.size());
  REQUIRE(result.status == smtpoll::IoStatus::Done);
  REQUIRE(result.size == bytes.size());
}

/// Reads until `size` bytes have come.
template <typename Socket>
std::string Hear(Socket& socket, std::size_t size) {
  std::string heard;
  while (heard.size() < size) {
    REQUIRE(socket.Wait(smtpoll::Readiness::Read, kPatience) == smtpoll::Readiness::Read);
    char bytes[4096];
    const smtpoll::IoResult result = socket.Read(bytes, sizeof bytes);
    REQUIRE(result.status == smtpoll::IoStatus::Done);
    heard.append(bytes, result.size);
  }
  return heard;
}

template <typename Socket>
std::string LocalText(const Socket& socket) {
  char text[64];
  return std::string(text, socket.LocalAddress(text, sizeof text));
}

template <typename Socket>
std::string RemoteText(const Socket& socket) {
  char text[64];
  return std::string(text, socket.RemoteAddress(text, sizeof text));
}
