// A reader of messages for the round trip (RFC 5322, RFC 2045 to 2047): small, strict, and with no line of smtpoll's
// own. What it cannot read is a fault of the message.
#pragma once

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "fuzz.hpp"

namespace fuzz {

struct Part {
  std::vector<std::pair<std::string, std::string>> fields;  // unfolded
  std::string content;                                      // decoded, of a leaf
  std::vector<Part> parts;

  std::string Field(const std::string& name) const {
    for (const auto& [own, value] : fields)
      if (own == name) return value;
    return {};
  }
  std::size_t Count(const std::string& name) const {
    return static_cast<std::size_t>(
        std::count_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; }));
  }
  /// All leaves, in order.
  void Leaves(std::vector<const Part*>& into) const {
    if (parts.empty()) into.push_back(this);
    for (const Part& part : parts) part.Leaves(into);
  }
};

inline int HexDigit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

inline std::string FromBase64(std::string_view text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  unsigned bits = 0, count = 0;
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == '=') continue;
    const std::size_t digit = kDigits.find(c);
    FUZZ_CHECK(digit != std::string_view::npos);
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    result += static_cast<char>(bits >> count & 255);
  }
  return result;
}

/// Quoted-printable, or the Q encoding of RFC 2047 where an underscore is a space.
inline std::string FromQuoted(std::string_view text, bool word) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (word && text[i] == '_') {
      result += ' ';
    } else if (text[i] != '=') {
      result += text[i];
    } else if (text.substr(i, 3) == "=\r\n") {
      i += 2;
    } else {
      FUZZ_CHECK(i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0);
      result += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    }
  }
  return result;
}

/// Decodes encoded words; white space between two of them is nothing (RFC 2047 6.2).
inline std::string FromWords(std::string_view text) {
  std::string result, space;
  bool after_word = false;
  while (!text.empty()) {
    const std::size_t white = std::min(text.find_first_not_of(" \t"), text.size());
    space.assign(text.substr(0, white));
    text.remove_prefix(white);
    const std::string_view token = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(token.size());
    const bool is_word = token.size() > 12 && token.substr(0, 2) == "=?" && token.substr(token.size() - 2) == "?=" &&
                         std::count(token.begin(), token.end(), '?') == 4;
    if (!is_word) {
      result.append(space).append(token);
      after_word = false;
      continue;
    }
    FUZZ_CHECK(token.size() <= 75);
    if (!after_word) result += space;
    const std::size_t kind = token.find('?', 2) + 1;
    const std::string_view coded = token.substr(kind + 2, token.size() - kind - 4);
    result += token[kind] == 'B' || token[kind] == 'b' ? FromBase64(coded) : FromQuoted(coded, true);
    after_word = true;
  }
  return result;
}

inline std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

inline Part Read(std::string_view text) {
  Part part;
  while (text.substr(0, 2) != "\r\n") {
    const std::size_t end = text.find("\r\n");
    FUZZ_CHECK(end != std::string_view::npos && end <= 998);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line[0] == ' ' || line[0] == '\t') {
      FUZZ_CHECK(!part.fields.empty() && line.find_first_not_of(" \t") != std::string_view::npos);
      part.fields.back().second.append(line);
      continue;
    }
    const std::size_t colon = line.find(':');
    FUZZ_CHECK(colon != std::string_view::npos && colon != 0);
    for (const char c : line.substr(0, colon)) FUZZ_CHECK(c > ' ' && c < 0x7f);
    part.fields.emplace_back(Lower(line.substr(0, colon)), line.substr(colon + 1));
  }
  text.remove_prefix(2);
  const std::string type = part.Field("content-type"), coding = Lower(part.Field("content-transfer-encoding"));
  if (Lower(type).find("multipart/") != std::string::npos) {
    const std::size_t start = type.find("boundary=\"");
    FUZZ_CHECK(start != std::string::npos);
    const std::string boundary = "--" + type.substr(start + 10, type.find('"', start + 10) - start - 10);
    std::string body("\r\n");
    body += text;
    std::size_t at = body.find("\r\n" + boundary + "\r\n");
    FUZZ_CHECK(at != std::string::npos);
    for (;;) {
      at += boundary.size() + 2;
      if (body.compare(at, 2, "--") == 0) break;
      at += 2;
      const std::size_t end = body.find("\r\n" + boundary, at);
      FUZZ_CHECK(end != std::string::npos);
      part.parts.push_back(Read(std::string_view(body).substr(at, end - at)));
      at = end;
    }
    return part;
  }
  if (coding.find("base64") != std::string::npos)
    part.content = FromBase64(text);
  else if (coding.find("quoted-printable") != std::string::npos)
    part.content = FromQuoted(text, false);
  else
    part.content = text;
  return part;
}

}  // namespace fuzz
