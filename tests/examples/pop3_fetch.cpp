// Fetches the mail of a mailbox by POP3 into a folder, each message as a file that is named after its unique id, and
// only those that are not there yet. STLS on port 110, TLS from the first byte on on port 995.
//   pop3_fetch HOST PORT USER PASSWORD FOLDER [delete [AUTHORITY_FILE]]
// With `delete` a message is deleted at the server once it is stored; with `keep` it stays.
// link: -lssl -lcrypto
#define SMTPOLL_OPENSSL
#define SMTPOLL_POP3
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace {

/// A unique id may have any printable character in it (RFC 1939 7); a file's name may not.
std::string FileName(const std::string& folder, std::string_view id) {
  std::string name = folder + "/";
  for (const char c : id) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    char code[4];
    std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned char>(c));
    name += plain ? std::string(1, c) : std::string(code);
  }
  return name + ".eml";
}

bool Exists(const std::string& name) {
  std::FILE* const file = std::fopen(name.c_str(), "rb");
  if (file != nullptr) std::fclose(file);
  return file != nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6 || argc > 8) {
    std::fprintf(stderr, "usage: %s HOST PORT USER PASSWORD FOLDER [delete|keep [AUTHORITY_FILE]]\n", argv[0]);
    return 2;
  }
  const std::string folder = argv[5];
  const bool deletes = argc > 6 && std::string(argv[6]) == "delete";

  smtpoll::POP3SecureSocket socket;
  socket.Address = argv[1];
  socket.Port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  socket.UserName = argv[3];
  socket.Password = argv[4];
  if (argc > 7) socket.CertificateAuthorityFile = argv[7];
  if (socket.Port == 995 || std::getenv("POP3_IMPLICIT_TLS") != nullptr)
    socket.POP3ConnectionType = smtpoll::POP3SecureSocket::POP3ConnectionTypes::SSLTLS;

  std::map<std::uint32_t, std::string> names;  // of the files, by the numbers of this session
  std::FILE* file = nullptr;
  bool stored = true, ended = false;

  socket.LoginSuccessful = [&] { socket.ListUniqueIDs(); };
  socket.UniqueIDListed = [&](std::uint32_t message, std::string_view id) { names[message] = FileName(folder, id); };
  socket.ListReceived = [&](std::uint32_t) {
    for (const auto& [message, name] : names)
      if (!Exists(name)) socket.RetrieveMessage(message);
    socket.CheckServerConnection();
  };
  // A message is written as it comes; it has its name when it is whole.
  socket.MessageData = [&](std::uint32_t message, std::string_view bytes) {
    if (file == nullptr) file = std::fopen((names[message] + ".part").c_str(), "wb");
    stored = stored && file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    return !stored;
  };
  socket.MessageReceived = [&](std::uint32_t message, std::uint64_t size) {
    const std::string& name = names[message];
    stored =
        stored && file != nullptr && std::fclose(file) == 0 && std::rename((name + ".part").c_str(), name.c_str()) == 0;
    file = nullptr;
    std::printf("%s %llu bytes\n", name.c_str(), static_cast<unsigned long long>(size));
    if (stored && deletes) socket.DeleteMessage(message);
  };
  // What was asked for before has been answered; DELE, asked for since, is still to come before QUIT.
  socket.ServerAvailable = [&] { socket.DisconnectFromServer(); };
  socket.Disconnected = [&] { ended = socket.LastErrorCode() == 0; };
  socket.Error = [](const smtpoll::Error& error) { std::printf("%s\n", ToString(error).c_str()); };

  socket.Connect();
  while (socket.Poll(1000)) continue;
  if (file != nullptr) std::fclose(file);
  return ended && stored ? 0 : 1;
}
