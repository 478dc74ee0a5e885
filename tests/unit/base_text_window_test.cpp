#include "smtpoll/base/text_window.hpp"

#include <doctest/doctest.h>

#include <string>

using smtpoll::detail::TextWindow;

TEST_CASE("A window keeps what stands in it, wherever it begins and however small it is") {
  const std::string text = "0123456789abcdef";
  for (std::size_t from = 0; from <= text.size() + 2; ++from) {
    for (std::size_t room = 0; room <= text.size() + 2; ++room) {
      std::string kept(room + 1, '#');
      TextWindow window(&kept[0], room, from);
      window.append(text.substr(0, 3)).append(text.data() + 3, 4);
      for (const char c : text.substr(7)) window += c;
      CHECK(window.size() == text.size());
      const std::string wanted = from < text.size() ? text.substr(from, room) : "";
      CHECK(window.Kept() == wanted.size());
      CHECK(kept.substr(0, wanted.size()) == wanted);
      CHECK(kept[wanted.size()] == '#');
    }
  }
}

TEST_CASE("A window without room measures") {
  TextWindow measure;
  measure.append("five!");
  CHECK(measure.size() == 5);
  CHECK(measure.Kept() == 0);
}
