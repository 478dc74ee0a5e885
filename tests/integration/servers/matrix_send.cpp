// Tries with a real server what the rows of the matrix are about, and tells what each came to: the cells of a column.
// What arrived is for others to see: matrix.py looks into the server's store.
//   matrix_send PORT AUTHORITY FOLDER [idle]
// With `idle` it tries only the row that takes as long as the server's patience. Lines on standard output, with tabs:
//   cell ROW ok|missing|fault NOTE           what was seen from here
//   mail ROW KEY RECIPIENT SENDER            this must have arrived, once; its content is FOLDER/KEY.bin, KEY.kind says
//                                            what of the message that is: body or attachment
//   report ROW KEY ENVELOPE-ID               its delivery must have been reported to reports@test.example
#include "matrix_rows.hpp"

#include <cstdlib>

namespace matrix {
namespace {

/// What the server says it has, not what we believe of it. Where its TLS fails, that is a cell of its own, and all else
/// is tried without.
smtpoll::Error Ask(Server& server) {
  for (const bool tls : {false, true}) {
    if (tls && !server.HasTls()) break;
    smtpoll::SecureSession session;
    session.Security = tls ? Security::Required : Security::NoneAllowed;
    session.CertificateAuthorityFile = server.authority;
    const smtpoll::Error error = session.Connect("127.0.0.1", server.port);
    if (tls) {
      server.tls_error = error;
      if (!error) server.secure = session.ServerCapabilities();
    } else if (error) {
      return error;
    } else {
      server.plain = server.secure = session.ServerCapabilities();
    }
    session.Quit();
  }
  return {};
}

}  // namespace
}  // namespace matrix

int main(int argc, char** argv) {
  using namespace matrix;
  if (argc != 4 && !(argc == 5 && std::string(argv[4]) == "idle")) {
    std::fprintf(stderr, "usage: %s PORT AUTHORITY FOLDER [idle]\n", argv[0]);
    return 2;
  }
  Server server;
  server.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  server.authority = argv[2];
  server.folder = argv[3];
  if (const smtpoll::Error error = Ask(server)) {
    std::fprintf(stderr, "%s\n", ToString(error).c_str());
    return 1;
  }
  if (argc == 5) {
    OutlivesIdleness(server);
    return 0;
  }
  Connects(server);
  StartsTls(server);
  for (std::size_t i = 0; i < smtpoll::detail::kAuthMechanismCount; ++i) {
    const auto mechanism = static_cast<AuthMechanism>(i);
    // It takes a certificate of the client's; sasl_send.cpp tries that.
    if (mechanism != AuthMechanism::External) Authenticates(server, mechanism);
  }
  Pipelines(server);
  SendsChunks(server);
  SendsEightBits(server);
  SendsUtf8(server);
  AsksForReports(server);
  KeepsToSize(server);
  LosesOneOfThree(server);
  SendsFiftyMegabytes(server);
  SendsTwoHundred(server);
}
