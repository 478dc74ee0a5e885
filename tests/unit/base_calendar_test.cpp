#include "smtpoll/base/calendar.hpp"

#include <doctest/doctest.h>

using smtpoll::detail::CalendarTime;
using smtpoll::detail::DaysFromDate;
using smtpoll::detail::ToCalendarTime;

TEST_CASE("Every day of 800 years follows the one before") {
  std::int64_t days = DaysFromDate(1700, 1, 1);
  for (int year = 1700; year < 2500; ++year) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; ++month)
      for (int day = 1; day <= lengths[month - 1]; ++day)
        if (DaysFromDate(year, month, day) != days++) FAIL("wrong day number in " << year);
  }
  CHECK(days == DaysFromDate(2500, 1, 1));
}

TEST_CASE("Every number of seconds is one calendar time, before and after 1970") {
  const auto is = [](std::int64_t seconds, std::int64_t year, int month, int day, int weekday, int second_of_day) {
    const CalendarTime time = ToCalendarTime(seconds);
    return time.year == year && time.month == month && time.day == day && time.weekday == weekday &&
           time.hour * 3600 + time.minute * 60 + time.second == second_of_day;
  };
  CHECK(is(0, 1970, 1, 1, 4, 0));
  CHECK(is(-1, 1969, 12, 31, 3, 86399));
  CHECK(is(951782400, 2000, 2, 29, 2, 0));
  CHECK(is(1795514400, 2026, 11, 24, 2, 36000));
  CHECK(is(253402300799, 9999, 12, 31, 5, 86399));
  for (std::int64_t seconds = -5000000000; seconds < 5000000000; seconds += 9999991) {
    const CalendarTime time = ToCalendarTime(seconds);
    CHECK((DaysFromDate(time.year, time.month, time.day) * 24 + time.hour) * 3600 + time.minute * 60 + time.second ==
          seconds);
  }
}
