#include "smtpoll/base/one_of.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using smtpoll::detail::OneOf;

namespace {
struct Counted {
  explicit Counted(int& count) noexcept : alive(count) { ++alive; }
  ~Counted() { --alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  int& alive;
};
struct Large {
  char bytes[200] = {};
};
}  // namespace

TEST_CASE("OneOf holds the last that was put in, and destroys each once") {
  int alive = 0;
  {
    OneOf<Counted, std::uint64_t, Large> room;
    CHECK(room.Get<Counted>() == nullptr);
    room.Reset();
    CHECK(&room.Emplace<Counted>(alive).alive == &alive);
    CHECK(alive == 1);
    CHECK(room.Get<Counted>() != nullptr);
    CHECK(room.Get<Large>() == nullptr);
    room.Emplace<Counted>(alive);
    CHECK(alive == 1);
    room.Emplace<std::uint64_t>(7u);
    CHECK(alive == 0);
    const auto& constant = room;
    REQUIRE(constant.Get<std::uint64_t>() != nullptr);
    CHECK(*constant.Get<std::uint64_t>() == 7);
    CHECK(reinterpret_cast<std::uintptr_t>(room.Get<std::uint64_t>()) % alignof(std::uint64_t) == 0);
    room.Emplace<Counted>(alive);
    room.Reset();
    CHECK(alive == 0);
    CHECK(room.Get<std::uint64_t>() == nullptr);
    room.Emplace<Counted>(alive);
  }
  CHECK(alive == 0);
}
