#include "smtpoll/base/digest.hpp"

#include <doctest/doctest.h>

#include "hex.hpp"
#include "smtpoll/base/md5.hpp"
#include "smtpoll/base/sha1.hpp"
#include "smtpoll/base/sha2.hpp"

using namespace smtpoll::detail;

namespace {
/// The digest of `text` said `times` over, in pieces of `piece` bytes.
template <typename DigestType>
std::string Digested(const std::string& text, std::size_t times = 1, std::size_t piece = SIZE_MAX) {
  std::string whole;
  for (std::size_t i = 0; i < times; ++i) whole += text;
  DigestType digest;
  for (std::size_t at = 0; at < whole.size(); at += piece < whole.size() ? piece : whole.size())
    digest.Update(std::string_view(whole).substr(at, piece));
  std::string result(DigestType::kSize, '#');
  digest.Finish(&result[0]);
  return Hex(result);
}
const std::string kAlphabet = "abcdefghijklmnopqrstuvwxyz";
const std::string kTwoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
const std::string kLong =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
}  // namespace

TEST_CASE("RFC 1321 A.5: MD5") {
  CHECK(Digested<Md5>("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(Digested<Md5>("a") == "0cc175b9c0f1b6a831c399e269772661");
  CHECK(Digested<Md5>("abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(Digested<Md5>("message digest") == "f96b697d7cb7938d525a2f31aaf161d0");
  CHECK(Digested<Md5>(kAlphabet) == "c3fcd3d76192e4007dfb496cca67e13b");
  CHECK(Digested<Md5>("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") ==
        "d174ab98d277d9f5a5611c2c9f419d9f");
  CHECK(Digested<Md5>("1234567890", 8) == "57edf4a22be3c955ac49da2e2107b67a");
}

TEST_CASE("RFC 3174 7.3: SHA-1") {
  CHECK(Digested<Sha1>("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(Digested<Sha1>("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(Digested<Sha1>(kTwoBlocks) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  CHECK(Digested<Sha1>("a", 1000000) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  CHECK(Digested<Sha1>("0123456701234567012345670123456701234567012345670123456701234567", 10) ==
        "dea356a2cddd90c7a7ecedc5ebb563934f460452");
}

TEST_CASE("RFC 6234 8.5: SHA-256") {
  CHECK(Digested<Sha256>("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Digested<Sha256>("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Digested<Sha256>(kTwoBlocks) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(Digested<Sha256>("a", 1000000) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("RFC 6234 8.5: SHA-512") {
  CHECK(Digested<Sha512>("") ==
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
  CHECK(Digested<Sha512>("abc") ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  CHECK(Digested<Sha512>(kLong) ==
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
        "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
  CHECK(Digested<Sha512>("a", 1000000) ==
        "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
        "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
}

TEST_CASE("Digest: pieces of any size come to the same, at every size around the ends of blocks") {
  for (std::size_t size = 0; size < 300; ++size) {
    CAPTURE(size);
    CHECK(Digested<Md5>("x", size, 7) == Digested<Md5>("x", size));
    CHECK(Digested<Sha1>("x", size, 1) == Digested<Sha1>("x", size));
    CHECK(Digested<Sha256>("x", size, 64) == Digested<Sha256>("x", size));
    CHECK(Digested<Sha512>("x", size, 13) == Digested<Sha512>("x", size));
  }
}

TEST_CASE("Digest: a finished one starts anew") {
  Sha256 digest;
  char first[Sha256::kSize], second[Sha256::kSize];
  digest.Update("abc");
  digest.Finish(first);
  digest.Update("abc");
  digest.Finish(second);
  CHECK(std::string(first, sizeof first) == std::string(second, sizeof second));
}
