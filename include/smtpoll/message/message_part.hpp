// One piece of a message on its way: literal text, or a body or an attachment that is to be encoded.
#ifndef SMTPOLL_MESSAGE_MESSAGE_PART_HPP
#define SMTPOLL_MESSAGE_MESSAGE_PART_HPP

#include <cstdint>
#include <string_view>

#include "smtpoll/message/email_attachment.hpp"
#include "smtpoll/message/transfer_encoding.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What a LineClaim may say of a part.
enum class LineQuality : std::uint8_t { Any, Crlf, NoDots };

struct MessagePart {
  bool is_literal = false;
  std::size_t begin = 0;  // of a literal: its place in Literals()
  std::size_t end = 0;
  std::string_view text;  // of a body
  TransferEncoding encoding = TransferEncoding::SevenBit;
  const EmailAttachment* attachment = nullptr;
  std::uint64_t size = 0;                // bytes on the wire, or kUnknownSize
  bool verbatim = false;                 // of a body: its lines need nothing
  LineQuality lines = LineQuality::Any;  // of what is read from here on until a part has given a byte
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
