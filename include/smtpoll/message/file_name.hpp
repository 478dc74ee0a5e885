// The name of an attached file in its header: a quoted string where it is plain and short (RFC 2183 2.3), else UTF-8 in
// segments that each fit a line (RFC 2231).
#ifndef SMTPOLL_MESSAGE_FILE_NAME_HPP
#define SMTPOLL_MESSAGE_FILE_NAME_HPP

#include "smtpoll/base/fixed_text.hpp"
#include "smtpoll/message/header_writer.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Takes text, and keeps nothing but how long it is.
class TextMeter {
 public:
  std::size_t size() const noexcept { return size_; }
  void operator+=(char) noexcept { ++size_; }

 private:
  std::size_t size_ = 0;
};

template <typename Text>
void AppendQuoted(std::string_view text, Text& to) {
  to += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') to += '\\';
    to += c;
  }
  to += '"';
}

/// RFC 2231 7: attribute-char as it is, all else in per cent.
template <typename Text>
void AppendExtended(char c, Text& to) {
  if (IsAlpha(c) || IsDigit(c) || c == '.' || c == '-' || c == '_') {
    to += c;
    return;
  }
  to += '%';
  to += kHexDigits[static_cast<unsigned char>(c) >> 4];
  to += kHexDigits[static_cast<unsigned char>(c) & 15];
}

/// Takes as many characters off the front of `name` as make a segment: whole ones, because readers decode each segment
/// by itself.
template <typename Text>
void TakeExtendedSegment(std::string_view& name, Text& to) {
  constexpr std::size_t kSegment = 45;
  const std::size_t start = to.size();
  while (!name.empty() && to.size() - start < kSegment) {
    const Utf8Character character = FirstCharacter(name);
    for (const char c : character.bytes) AppendExtended(c, to);
    name.remove_prefix(character.consumed);
  }
}

/// Writes the parameter, or parameters, `filename` behind what stands in the header that `writer` writes to `out`.
template <typename Out>
void WriteFileName(std::string_view name, BasicHeaderWriter<Out>& writer, Out& out) {
  out += ';';
  if (IsAllAscii(name) && name.size() <= 60 && Trim(name).size() == name.size()) {
    TextMeter quoted;
    AppendQuoted(name, quoted);
    constexpr std::string_view kParameter = "filename=";
    writer.Space(kParameter.size() + quoted.size());
    out.append(kParameter);
    AppendQuoted(name, out);
    return;
  }
  for (unsigned number = 0; !name.empty(); ++number) {
    if (number != 0) out += ';';
    FixedText<32> parameter("filename*");
    parameter.AppendDecimal(number);
    parameter.Append(number == 0 ? "*=utf-8''" : "*=");
    TextMeter segment;
    std::string_view measured = name;
    TakeExtendedSegment(measured, segment);
    writer.Space(parameter.View().size() + segment.size());
    out.append(parameter.View());
    TakeExtendedSegment(name, out);
  }
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
