// Text of bounded length held in place: it is cut where it does not fit, and it never touches the heap.
#ifndef SMTPOLL_BASE_FIXED_TEXT_HPP
#define SMTPOLL_BASE_FIXED_TEXT_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN

namespace detail {

/// Appends as much of `text` as fits to the `size` of `room` bytes that are filled; returns the new size. One function
/// for texts of all lengths.
inline std::uint16_t AppendFitting(std::string_view text, char* bytes, std::size_t size, std::size_t room) noexcept {
  const std::size_t more = text.size() < room - size ? text.size() : room - size;
  if (more != 0) std::memcpy(bytes + size, text.data(), more);
  return static_cast<std::uint16_t>(size + more);
}
inline std::uint16_t AppendFittingDecimal(std::uint64_t value, char* bytes, std::size_t size,
                                          std::size_t room) noexcept {
  char digits[20];
  std::size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return AppendFitting({digits + at, sizeof digits - at}, bytes, size, room);
}

}  // namespace detail

/// Up to kRoom bytes of text; what is longer is cut at the end.
template <std::size_t kRoom>
class FixedText {
 public:
  FixedText() = default;
  /// Holds `text`.
  explicit FixedText(std::string_view text) noexcept { Assign(text); }
  ///@{
  /// Copies the text.
  // What is not text is not copied: it may be what somebody else left on the stack.
  FixedText(const FixedText& other) noexcept { Assign(other.View()); }
  FixedText& operator=(const FixedText& other) noexcept {
    if (this != &other) Assign(other.View());
    return *this;
  }
  ///@}

  /// Holds `text` instead.
  void Assign(std::string_view text) noexcept {
    size_ = 0;
    Append(text);
  }
  /// Adds `text` at the end.
  void Append(std::string_view text) noexcept { size_ = detail::AppendFitting(text, bytes_, size_, kRoom); }
  /// Adds `value` in decimal digits.
  void AppendDecimal(std::uint64_t value) noexcept {
    size_ = detail::AppendFittingDecimal(value, bytes_, size_, kRoom);
  }
  /// Holds nothing.
  void Clear() noexcept { size_ = 0; }

  /// The text; valid until this object changes or ends.
  std::string_view View() const noexcept { return {bytes_, size_}; }
  /// True where there is no text.
  bool empty() const noexcept { return size_ == 0; }

 private:
  static_assert(kRoom <= UINT16_MAX, "FixedText: at most 65535 bytes");
  std::uint16_t size_ = 0;
  char bytes_[kRoom];
};

SMTPOLL_NAMESPACE_END

#endif
