// Text that is built piece by piece and keeps its memory for the next one. std::string would do, but for the cost of
// its appends: they are calls into the library, and a message is made of dozens of small ones.
#ifndef SMTPOLL_BASE_TEXT_BUFFER_HPP
#define SMTPOLL_BASE_TEXT_BUFFER_HPP

#include <string_view>

#include "smtpoll/base/plain_list.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class TextBuffer {
 public:
  std::size_t size() const noexcept { return bytes_.size(); }
  std::string_view View() const noexcept { return {bytes_.data(), bytes_.size()}; }
  operator std::string_view() const noexcept { return View(); }

  void clear() noexcept { bytes_.clear(); }
  /// Forgets all behind the first `size` bytes.
  void resize(std::size_t size) noexcept { bytes_.Truncate(size); }

  TextBuffer& append(std::string_view text) {
    bytes_.Append(text.data(), text.size());
    return *this;
  }
  TextBuffer& append(const char* text, std::size_t size) { return append(std::string_view(text, size)); }
  TextBuffer& assign(std::string_view text) {
    clear();
    return append(text);
  }
  TextBuffer& operator+=(std::string_view text) { return append(text); }
  TextBuffer& operator+=(char c) {
    bytes_.push_back(c);
    return *this;
  }

 private:
  PlainList<char> bytes_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
