#include "smtpoll/base/plain_list.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using smtpoll::detail::PlainList;

namespace {
struct Wide {
  std::uint64_t words[40] = {};
};
}  // namespace

TEST_CASE("PlainList holds what was put in, and keeps its memory") {
  PlainList<std::uint32_t> list;
  CHECK(list.empty());
  std::vector<std::uint32_t> model;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    list.push_back(i);
    model.push_back(i);
    CHECK(list.back() == i);
  }
  const std::uint32_t more[] = {7, 8, 9};
  list.Append(more, 3);
  list.Append(nullptr, 0);
  model.insert(model.end(), more, more + 3);
  CHECK(std::vector<std::uint32_t>(list.begin(), list.end()) == model);
  CHECK(list.size() == 3003);
  list[5] = 1;
  const PlainList<std::uint32_t>& constant = list;
  CHECK(constant[5] == 1);

  const std::uint32_t* const memory = list.data();
  list.Truncate(2);
  CHECK(list.back() == 1);
  list.clear();
  CHECK(list.empty());
  for (std::uint32_t i = 0; i < 3003; ++i) list.push_back(i);
  CHECK(list.data() == memory);
}

TEST_CASE("PlainList: an item may be larger than the least memory, and of the list itself") {
  PlainList<Wide> list;
  list.push_back({});
  list[0].words[39] = 5;
  for (int i = 0; i < 9; ++i) list.push_back(list[0]);
  CHECK(list.size() == 10);
  CHECK(list.back().words[39] == 5);
}
