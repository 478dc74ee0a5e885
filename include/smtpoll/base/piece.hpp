// Pieces of a text. std::string_view::substr would do, but that it is ready to throw: on a small machine that alone
// brings the whole of exceptions, and with them a heap, into the image.
#ifndef SMTPOLL_BASE_PIECE_HPP
#define SMTPOLL_BASE_PIECE_HPP

#include <string_view>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// The first `size` bytes of `text`; all of it where it has no more.
constexpr std::string_view First(std::string_view text, std::size_t size) noexcept {
  return {text.data(), size < text.size() ? size : text.size()};
}

/// `text` without its first `at` bytes; it has that many.
constexpr std::string_view Rest(std::string_view text, std::size_t at) noexcept {
  return {text.data() + at, text.size() - at};
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
