// Small things about text that several parts of smtpoll_send need.
#pragma once

#include <cstdio>
#include <string>

inline std::string Trimmed(const std::string& text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t\r\n") + 1 - start);
}

/// Undoes %XX (RFC 3986 2.1); false where that is none.
inline bool Unescape(const std::string& text, std::string& into) {
  into.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] != '%') {
      into += text[i];
    } else if (i + 2 < text.size() && std::sscanf(text.c_str() + i + 1, "%2x", &byte) == 1) {
      into += static_cast<char>(byte);
      i += 2;
    } else {
      return false;
    }
  }
  return true;
}

/// All of a stream; false where it broke.
inline bool ReadAll(std::FILE* file, std::string& into) {
  char piece[16384];
  while (const std::size_t size = std::fread(piece, 1, sizeof piece, file)) into.append(piece, size);
  return std::ferror(file) == 0;
}
