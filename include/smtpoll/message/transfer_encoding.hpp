// How text goes over the wire (RFC 2045 6), and how that is chosen. Invariant: what is chosen carries the text as it
// is, but for its line ends.
#ifndef SMTPOLL_MESSAGE_TRANSFER_ENCODING_HPP
#define SMTPOLL_MESSAGE_TRANSFER_ENCODING_HPP

#include "smtpoll/message/text_scan.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

enum class TransferEncoding : std::uint8_t { SevenBit, EightBit, QuotedPrintable, Base64, Binary };

/// What the wire carries beside lines of ASCII (RFC 6152, RFC 3030); each includes the one before.
enum class WireWidth : std::uint8_t { SevenBit, EightBit, Binary };

/// The smallest encoding of a scanned text that the way carries; 8bit only where `eight_bit` allows it.
inline TransferEncoding ChooseEncoding(const TextScan& scan, bool eight_bit) noexcept {
  if (scan.Escaped() == 0 && !scan.HasLongLine()) return TransferEncoding::SevenBit;
  if (scan.GoesAsItIs(eight_bit)) return TransferEncoding::EightBit;
  return scan.Escaped() * 6 > scan.Size() ? TransferEncoding::Base64 : TransferEncoding::QuotedPrintable;
}

inline TransferEncoding ChooseEncoding(std::string_view text, bool eight_bit) noexcept {
  TextScan scan;
  scan.Update(text);
  return ChooseEncoding(scan, eight_bit);
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
