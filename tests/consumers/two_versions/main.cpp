// Each library must have kept to its own version: prints both.
#include "library.hpp"

#include <cstdio>
#include <cstring>

int main() {
  const Report before = OldLibrary(), after = NewLibrary();
  std::printf("%s %s\n", before.version, after.version);
  const bool apart = std::strcmp(before.version, after.version) != 0 && before.session_size < after.session_size;
  return apart && before.sent && after.sent ? 0 : 1;
}
