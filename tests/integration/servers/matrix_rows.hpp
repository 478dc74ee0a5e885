// The rows of the matrix, each a function that tries one thing with a server. They stand in two files: who may send and
// how it goes over the wire, and what becomes of messages.
#pragma once

#include "matrix_client.hpp"

namespace matrix {

// matrix_wire.cpp
void Connects(const Server& server);
void StartsTls(const Server& server);
void Authenticates(const Server& server, AuthMechanism mechanism);
void Pipelines(const Server& server);
void SendsChunks(const Server& server);
void OutlivesIdleness(const Server& server);

// matrix_messages.cpp
void SendsEightBits(const Server& server);
void SendsUtf8(const Server& server);
void AsksForReports(const Server& server);
void KeepsToSize(const Server& server);
void LosesOneOfThree(const Server& server);
void SendsFiftyMegabytes(const Server& server);
void SendsTwoHundred(const Server& server);

/// Lines that are no end of a message, though they look like one.
constexpr const char* kDots = ".a line that starts with a dot\n..\n.\n\n.\nlast line\n";

}  // namespace matrix
