#include "smtpoll/base/hmac.hpp"

#include <doctest/doctest.h>

#include "hex.hpp"
#include "smtpoll/base/md5.hpp"
#include "smtpoll/base/sha1.hpp"
#include "smtpoll/base/sha2.hpp"

using namespace smtpoll::detail;

namespace {
template <typename DigestType>
std::string Code(const std::string& key, const std::string& message) {
  Hmac<DigestType> hmac(key);
  std::string code(DigestType::kSize, '#');
  hmac.Code("dropped by the next one", &code[0]);
  hmac.Code(message, &code[0]);
  return Hex(code);
}
const std::string kJefe = "what do ya want for nothing?";
const std::string kLongKeyMessage = "Test Using Larger Than Block-Size Key - Hash Key First";
}  // namespace

TEST_CASE("RFC 2202 2: HMAC-MD5") {
  CHECK(Code<Md5>(std::string(16, '\x0b'), "Hi There") == "9294727a3638bb1c13f48ef8158bfc9d");
  CHECK(Code<Md5>("Jefe", kJefe) == "750c783e6ab0b503eaa86e310a5db738");
  CHECK(Code<Md5>(std::string(16, '\xaa'), std::string(50, '\xdd')) == "56be34521d144c88dbb8c733f0e8b3f6");
  CHECK(Code<Md5>(std::string(80, '\xaa'), kLongKeyMessage) == "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
}

TEST_CASE("RFC 2202 3: HMAC-SHA-1") {
  CHECK(Code<Sha1>(std::string(20, '\x0b'), "Hi There") == "b617318655057264e28bc0b6fb378c8ef146be00");
  CHECK(Code<Sha1>("Jefe", kJefe) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  CHECK(Code<Sha1>(std::string(20, '\xaa'), std::string(50, '\xdd')) == "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
  CHECK(Code<Sha1>(std::string(80, '\xaa'), kLongKeyMessage) == "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

TEST_CASE("RFC 4231 4: HMAC-SHA-256 and HMAC-SHA-512") {
  CHECK(Code<Sha256>(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(Code<Sha512>(std::string(20, '\x0b'), "Hi There") ==
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
  CHECK(Code<Sha256>("Jefe", kJefe) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(Code<Sha512>("Jefe", kJefe) ==
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
  CHECK(Code<Sha256>(std::string(131, '\xaa'), kLongKeyMessage) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(Code<Sha512>(std::string(131, '\xaa'), kLongKeyMessage) ==
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}
