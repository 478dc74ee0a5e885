#include "smtpoll/base/owned.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <type_traits>

using smtpoll::Owned;

namespace {

struct Base {
  virtual ~Base() = default;
};
struct Counted final : Base {
  explicit Counted(int& count) noexcept : alive(count) { ++alive; }
  ~Counted() override { --alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  int& alive;
};

}  // namespace

TEST_CASE("Owned deletes what it owns, once") {
  int alive = 0;
  {
    Owned<Counted> one(new Counted(alive));
    CHECK(one);
    CHECK(alive == 1);
    CHECK(&one->alive == &alive);
    CHECK(&*one == one.get());
    Owned<Counted> other(std::move(one));
    CHECK_FALSE(one);  // NOLINT(bugprone-use-after-move): the promise is that it owns nothing
    CHECK(alive == 1);
    one = Owned<Counted>(new Counted(alive));
    CHECK(alive == 2);
    one = std::move(other);
    CHECK(alive == 1);
    Owned<Counted>& same = one;
    one = std::move(same);
    CHECK(alive == 1);
    CHECK(one);
    one.reset();
    CHECK(alive == 0);
    one.reset();
    other = Owned<Counted>(new Counted(alive));
  }
  CHECK(alive == 0);
}

TEST_CASE("Owned takes what another kind of owner has") {
  int alive = 0;
  {
    Owned<Base> from_ours = Owned<Counted>(new Counted(alive));
    Owned<Base> from_standard = std::make_unique<Counted>(alive);
    CHECK(alive == 2);
    delete from_ours.release();
    CHECK(alive == 1);
    CHECK_FALSE(from_ours);
  }
  CHECK(alive == 0);
  CHECK_FALSE(std::is_copy_constructible_v<Owned<int>>);
  CHECK_FALSE(std::is_constructible_v<Owned<int>, Owned<int>&>);
  CHECK_FALSE(std::is_constructible_v<Owned<Counted>, std::unique_ptr<Base>>);
}
