#include "smtpoll/base/text_buffer.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::detail::TextBuffer;

TEST_CASE("TextBuffer: holds what was appended, whatever the pieces") {
  TextBuffer text;
  std::string model;
  CHECK(text.View().empty());
  text.append({});
  for (int i = 0; i < 3000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
    text += piece;
    text += '.';
    model += piece + '.';
  }
  CHECK(text.View() == model);
  CHECK(text.size() == model.size());
  text.resize(10);
  model.resize(10);
  text.append(model.data(), 3);
  CHECK(std::string_view(text) == model + model.substr(0, 3));
  CHECK(text.assign("new").append(std::string(5000, 'x')).View() == "new" + std::string(5000, 'x'));
  text.clear();
  CHECK(text.View().empty());
}

TEST_CASE("TextBuffer: the memory is kept for the next text") {
  TextBuffer text;
  text.append(std::string(600, 'x'));
  const char* const memory = text.View().data();
  text.clear();
  text.append(std::string(600, 'y'));
  CHECK(text.View().data() == memory);
}
