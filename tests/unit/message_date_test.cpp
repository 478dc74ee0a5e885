#include "smtpoll/message/date.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {
std::string Date(std::int64_t seconds, int offset) {
  std::string text;
  smtpoll::detail::AppendDate(seconds, offset, text);
  return text;
}
}  // namespace

TEST_CASE("RFC 5322 3.3: date and zone") {
  CHECK(Date(0, 0) == "Thu, 1 Jan 1970 00:00:00 +0000");
  CHECK(Date(1795514400, 60) == "Tue, 24 Nov 2026 11:00:00 +0100");
  CHECK(Date(1795514400, -570) == "Tue, 24 Nov 2026 00:30:00 -0930");
  CHECK(Date(951782399, 0) == "Mon, 28 Feb 2000 23:59:59 +0000");
  CHECK(Date(951782400, 0) == "Tue, 29 Feb 2000 00:00:00 +0000");
  CHECK(Date(-1, 0) == "Wed, 31 Dec 1969 23:59:59 +0000");
  // Beyond 32 bits.
  CHECK(Date(4102444800, 0) == "Fri, 1 Jan 2100 00:00:00 +0000");
}

TEST_CASE("RFC 5322 3.3: every day of 800 years follows the one before") {
  std::int64_t days = smtpoll::detail::DaysFromDate(1700, 1, 1);
  for (int year = 1700; year < 2500; ++year) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; ++month)
      for (int day = 1; day <= lengths[month - 1]; ++day)
        if (smtpoll::detail::DaysFromDate(year, month, day) != days++) FAIL("wrong day number in " << year);
  }
  CHECK(days == smtpoll::detail::DaysFromDate(2500, 1, 1));
}

TEST_CASE("RFC 5322 3.3: the local offset is less than a day") {
  const int offset = smtpoll::detail::LocalOffset(1795514400);
  CHECK(offset > -24 * 60);
  CHECK(offset < 24 * 60);
}
