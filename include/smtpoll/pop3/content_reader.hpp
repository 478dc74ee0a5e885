// The content of a message as it comes from a POP3 server (RFC 1939 3): a dot before a line that starts with one is
// taken away, and a line with nothing but a dot is the end. It works on whatever piece has come and holds nothing back
// but what may be that line. Invariant: only CRLF ends a line, so no byte of a message can pass for its end.
#ifndef SMTPOLL_POP3_CONTENT_READER_HPP
#define SMTPOLL_POP3_CONTENT_READER_HPP

#include <cstring>
#include <string_view>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class Pop3ContentReader {
 public:
  /// What the front of the received bytes is.
  struct Piece {
    std::size_t skip = 0;  ///< Bytes that are no content, before it.
    std::size_t size = 0;  ///< Bytes of content behind those; 0: nothing more before further bytes have come.
    bool end = false;      ///< The content is over, with the bytes skipped.
  };

  /// A content begins.
  void Start() noexcept { place_ = Place::LineStart; }

  /// Reads the front of `bytes`. The caller drops what is skipped and the content, and calls again with the rest.
  Piece Read(std::string_view bytes) noexcept {
    Piece piece;
    if (place_ == Place::LineStart && !bytes.empty() && bytes[0] == '.') {
      constexpr std::string_view kEnd = ".\r\n";
      if (bytes.size() < kEnd.size() && bytes == kEnd.substr(0, bytes.size())) return piece;
      piece.skip = 1;
      piece.end = bytes.substr(0, kEnd.size()) == kEnd;
      if (piece.end) piece.skip = kEnd.size();
      if (piece.end) return piece;
      place_ = Place::Line;
      bytes.remove_prefix(1);
    }
    piece.size = FindStuffedDot(bytes);
    if (piece.size != 0) place_ = PlaceAfter(bytes.substr(0, piece.size));
    return piece;
  }

 private:
  enum class Place : unsigned char { Line, BehindCr, LineStart };

  /// Index of the first dot that starts a line; the size of `bytes` where there is none.
  std::size_t FindStuffedDot(std::string_view bytes) const noexcept {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const void* const found = std::memchr(bytes.data() + at, '.', bytes.size() - at);
      if (found == nullptr) break;
      at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      if (PlaceAfter(bytes.substr(0, at)) == Place::LineStart) return at;
    }
    return bytes.size();
  }

  /// Where the byte behind `bytes` stands.
  Place PlaceAfter(std::string_view bytes) const noexcept {
    if (bytes.empty()) return place_;
    if (bytes.back() == '\r') return Place::BehindCr;
    if (bytes.back() != '\n') return Place::Line;
    const bool cr = bytes.size() == 1 ? place_ == Place::BehindCr : bytes[bytes.size() - 2] == '\r';
    return cr ? Place::LineStart : Place::Line;
  }

  Place place_ = Place::LineStart;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
