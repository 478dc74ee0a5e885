#include "smtpoll/base/function.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

using smtpoll::Function;

namespace {

int Twice(int value) { return 2 * value; }

struct Large {
  int operator()(int value) { return value + static_cast<int>(text.size()) + ++calls; }
  std::string text = "a text that no two pointers have room for";
  int calls = 0;
};

}  // namespace

TEST_CASE("Function calls what it was made of") {
  CHECK(Function<int(int)>(Twice)(21) == 42);
  CHECK(Function<int(int)>(&Twice)(21) == 42);
  int sum = 0;
  Function<void(int)> add = [&sum](int value) { sum += value; };
  add(3);
  add(4);
  CHECK(sum == 7);
  Function<int(int)> large = Large();
  CHECK(large(0) == 42);
  CHECK(large(0) == 43);  // the object keeps what a call did to it
  const Function<long(short)> converts = [](int value) { return value; };
  CHECK(converts(5) == 5);
  const Function<void()> forgets = [&sum] { return ++sum; };
  forgets();
  CHECK(sum == 8);
}

TEST_CASE("Function hands over references, values that can only be moved, and results of all kinds") {
  Function<std::string&(std::string&)> same = [](std::string& text) -> std::string& { return text += "!"; };
  std::string text = "a";
  CHECK(&same(text) == &text);
  CHECK(text == "a!");
  Function<std::unique_ptr<int>(std::unique_ptr<int>)> pass = [](std::unique_ptr<int> one) { return one; };
  CHECK(*pass(std::make_unique<int>(7)) == 7);
}

TEST_CASE("Function without a callable is false, and so is one made of nothing") {
  Function<int(int)> none;
  CHECK_FALSE(none);
  CHECK(none == nullptr);
  CHECK_FALSE(Function<int(int)>(nullptr));
  CHECK_FALSE(Function<int(int)>(static_cast<int (*)(int)>(nullptr)));
  CHECK_FALSE(Function<int(int)>(std::function<int(int)>()));
  CHECK_FALSE(Function<long(int)>(none));
  none = Twice;
  CHECK(none);
  CHECK(none != nullptr);
  none = nullptr;
  CHECK_FALSE(none);
  none = {};
  CHECK_FALSE(none);
}

TEST_CASE("Function takes a std::function, and is taken by one") {
  const std::function<int(int)> standard = [](int value) { return value + 1; };
  const Function<int(int)> ours = standard;
  CHECK(ours(1) == 2);
  const std::function<int(int)> back = ours;
  CHECK(back(1) == 2);
}

TEST_CASE("Function: copies are independent, moves leave nothing behind, and each callable is destroyed once") {
  const auto alive = std::make_shared<int>(0);
  {
    Function<long()> first = [alive] { return alive.use_count(); };
    CHECK(first() == 2);
    Function<long()> second = first;
    CHECK(second() == 3);
    Function<long()> third = std::move(first);
    CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): the promise is that it is none
    CHECK(third() == 3);
    const Function<long()>& same = third;
    third = same;
    CHECK(third() == 3);
    second = [] { return 0L; };
    CHECK(third() == 2);
    std::vector<Function<long()>> many(5, third);
    CHECK(third() == 7);
    many.erase(many.begin(), many.begin() + 2);
    CHECK(third() == 5);
    first = third;
    third = nullptr;
    CHECK(first() == 5);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("Function: what does not fit cannot be assigned") {
  CHECK_FALSE(std::is_constructible_v<Function<int(int)>, int>);
  CHECK_FALSE(std::is_constructible_v<Function<int(int)>, std::string>);
  CHECK_FALSE(std::is_constructible_v<Function<int(int)>, void (*)(int)>);
  CHECK_FALSE(std::is_constructible_v<Function<int()>, int (*)(int)>);
  CHECK(std::is_nothrow_move_constructible_v<Function<int(int)>>);
  CHECK(sizeof(Function<int(int)>) == 3 * sizeof(void*));
}
