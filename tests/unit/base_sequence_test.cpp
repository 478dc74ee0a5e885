#include "smtpoll/base/sequence.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using smtpoll::Sequence;

namespace {
std::string Joined(const Sequence<std::string>& list) {
  std::string text;
  for (const std::string& one : list) text += one;
  return text;
}
}  // namespace

TEST_CASE("Sequence: Append, Add, Insert, Remove, Count, [i] and iteration") {
  Sequence<std::string> list;
  CHECK(list.empty());
  list.Append("b");
  const std::string d = "d";
  list.Add(d);
  list.Insert(0, "a");
  list.Insert(2, "c");
  list.Insert(99, "e");
  CHECK(Joined(list) == "abcde");
  CHECK(list.Count() == 5);
  CHECK(list[2] == "c");
  CHECK(list.Remove(2));
  CHECK_FALSE(list.Remove(4));
  CHECK(Joined(list) == "abde");
  const Sequence<std::string> copy = list;
  list.RemoveAll();
  CHECK(list.Count() == 0);
  CHECK(Joined(copy) == "abde");
}

TEST_CASE("Sequence: as a queue, against the plainest one") {
  Sequence<int> list;
  std::vector<int> model;
  unsigned random = 1;
  for (int i = 0; i < 20000; ++i) {
    random = random * 1103515245u + 12345u;
    const unsigned what = random >> 16 & 7;
    if (what < 3) {
      list.Append(i);
      model.push_back(i);
    } else if (what == 3) {
      list.PushFront(int{i});
      model.insert(model.begin(), i);
    } else if (what == 4 && !model.empty()) {
      CHECK(list.Remove(model.size() / 2));
      model.erase(model.begin() + static_cast<std::ptrdiff_t>(model.size() / 2));
    } else if (what > 4) {
      int first = -1;
      CHECK(list.PopFront(first) == !model.empty());
      if (!model.empty()) {
        CHECK(first == model.front());
        model.erase(model.begin());
      }
    }
    REQUIRE(list.Count() == model.size());
  }
  CHECK(std::vector<int>(list.begin(), list.end()) == model);
}

TEST_CASE("Sequence: taking the first of many does not shift the others") {
  struct Counted {
    Counted() = default;
    explicit Counted(int* moves) : moves_(moves) {}
    Counted(const Counted&) = default;
    Counted& operator=(const Counted&) = default;
    Counted(Counted&& other) noexcept : moves_(other.moves_) { ++*moves_; }
    Counted& operator=(Counted&& other) noexcept {
      moves_ = other.moves_;
      ++*moves_;
      return *this;
    }
    int* moves_ = nullptr;
  };
  int moves = 0;
  Sequence<Counted> list;
  for (int i = 0; i < 20000; ++i) list.Append(Counted(&moves));
  moves = 0;
  Counted first;
  while (list.PopFront(first)) continue;
  CHECK(moves <= 3 * 20000);
}

TEST_CASE("Sequence: an item of its own may be appended or inserted, whatever room there is") {
  for (std::size_t count = 1; count < 20; ++count) {
    Sequence<std::string> list;
    for (std::size_t i = 0; i < count; ++i) list.Append("an item that is longer than what a string holds within");
    list.Append(list[0]);
    list.Insert(1, list[count]);
    CHECK(list[1] == list[0]);
    list.Append(std::move(list[1]));
    CHECK(list[count + 2] == list[0]);
    CHECK(list.Count() == count + 3);
  }
}

TEST_CASE("Sequence: copies and moves") {
  Sequence<std::string> list;
  for (const char* item : {"a", "b", "c", "d"}) list.Append(item);
  std::string first;
  REQUIRE(list.PopFront(first));
  Sequence<std::string> copy(list);
  Sequence<std::string> assigned;
  assigned.Append("old");
  assigned = list;
  CHECK(Joined(copy) == "bcd");
  CHECK(Joined(assigned) == "bcd");
  const Sequence<std::string>& same = assigned;
  assigned = same;
  CHECK(Joined(assigned) == "bcd");
  Sequence<std::string> moved(std::move(list));
  CHECK(list.empty());  // NOLINT(bugprone-use-after-move): the promise is that it is empty
  list = std::move(moved);
  CHECK(moved.empty());  // NOLINT(bugprone-use-after-move)
  moved.PushFront("x");
  list.PushFront("a");
  CHECK(Joined(list) == "abcd");
  CHECK(Joined(moved) == "x");
}
