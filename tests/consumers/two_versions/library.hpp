// Two libraries of one program, each with a copy of smtpoll's single header of its own that it shows to nobody.
#pragma once

#include <cstddef>

/// What a library says of the copy that it was built with, after it has sent a message by it.
struct Report {
  const char* version;
  std::size_t session_size;
  bool sent;
};

Report OldLibrary();
Report NewLibrary();
