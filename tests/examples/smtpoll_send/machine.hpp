// Who is at this machine, for what a message does not say.
#pragma once

#include <cstdlib>
#include <string>

#if !defined(_WIN32)
#include <pwd.h>
#include <unistd.h>
#endif

namespace machine {

inline std::string LoginName() {
#if defined(_WIN32)
  const char* name = std::getenv("USERNAME");
  return name != nullptr ? name : "user";
#else
  const passwd* entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_name : "user" + std::to_string(getuid());
#endif
}

/// The machine's name; "localhost" where it has none.
inline std::string HostName() {
#if defined(_WIN32)
  const char* name = std::getenv("COMPUTERNAME");
  return name != nullptr ? name : "localhost";
#else
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
#endif
}

/// `"Doe, Jane" <jane@x.org>` of a name and an address.
inline std::string Named(const std::string& name, const std::string& address) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\" <" + address + ">";
}

}  // namespace machine
