// Digests as the RFCs print them.
#pragma once

#include <string>
#include <string_view>

inline std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes)
    for (const int shift : {4, 0}) text += "0123456789abcdef"[static_cast<unsigned char>(c) >> shift & 15];
  return text;
}
