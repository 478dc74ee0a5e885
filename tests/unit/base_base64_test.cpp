#include "smtpoll/base/base64.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("RFC 4648 10: test vectors") {
  const struct {
    const char* bytes;
    const char* text;
  } vectors[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"}};
  for (const auto& vector : vectors) {
    const std::string bytes = vector.bytes;
    std::string text(smtpoll::detail::Base64Size(bytes.size()), '#');
    CHECK(smtpoll::detail::Base64Encode(bytes.data(), bytes.size(), &text[0]) == text.size());
    CHECK(text == vector.text);
  }
}

TEST_CASE("RFC 4648 4: every byte value") {
  std::string bytes, text(344, '#');
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  REQUIRE(smtpoll::detail::Base64Encode(bytes.data(), bytes.size(), &text[0]) == 344);
  CHECK(text.substr(0, 16) == "AAECAwQFBgcICQoL");
  CHECK(text.substr(336) == "/P3+/w==");
}
