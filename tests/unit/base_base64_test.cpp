#include "smtpoll/base/base64.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {
/// What `text` decodes to, in place; "no base64" where it is none.
std::string Decoded(std::string text, std::size_t room = SIZE_MAX) {
  const std::size_t size = smtpoll::detail::Base64Decode(text, &text[0], room);
  return size == smtpoll::detail::kNotBase64 ? "no base64" : text.substr(0, size);
}
}  // namespace

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
    CHECK(Decoded(vector.text) == vector.bytes);
  }
}

TEST_CASE("RFC 4648 4: every byte value") {
  std::string bytes, text(344, '#');
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  REQUIRE(smtpoll::detail::Base64Encode(bytes.data(), bytes.size(), &text[0]) == 344);
  CHECK(text.substr(0, 16) == "AAECAwQFBgcICQoL");
  CHECK(text.substr(336) == "/P3+/w==");
}

TEST_CASE("RFC 4648 3: the decoder takes one text for one value, and no more than there is room for") {
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "=", "Zg==Zg==", "Zm9=", "Zh==", "Zm9v\n", "Zm 9v", "Zm9\x80",
                           "Zm9-", "Zm9_", "Zg=v", "Zm9vZ", "Zm9*"}) {
    CAPTURE(text);
    CHECK(Decoded(text) == "no base64");
  }
  CHECK(Decoded(std::string("Zm9\0", 4)) == "no base64");
  CHECK(Decoded("Zm9vYg==", 4) == "foob");
  CHECK(Decoded("Zm9vYg==", 3) == "no base64");
  CHECK(Decoded("Zg==", 0) == "no base64");
  CHECK(Decoded("AAECAwQFBgcICQoLP3+/w/z9/v8=") ==
        std::string("\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b?\x7f\xbf\xc3\xfc\xfd\xfe\xff", 20));
}
