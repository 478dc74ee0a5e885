// Days and times of the Gregorian calendar, computed without locale and without the limits of time_t.
// Invariant: every number of seconds has one calendar time, and the way back leads to it.
#ifndef SMTPOLL_BASE_CALENDAR_HPP
#define SMTPOLL_BASE_CALENDAR_HPP

#include <cstdint>

#include "smtpoll/base/config.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Days since 1970-01-01 of a date of the Gregorian calendar.
constexpr std::int64_t DaysFromDate(std::int64_t year, int month, int day) noexcept {
  // Years start in March here, so that the leap day is the last one.
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

struct CalendarTime {
  std::int64_t year = 1970;
  int month = 1, day = 1, weekday = 4;  // 1 is the first month and day; 0 is Sunday
  int hour = 0, minute = 0, second = 0;
};

/// The calendar time of `seconds` since 1970-01-01.
constexpr CalendarTime ToCalendarTime(std::int64_t seconds) noexcept {
  CalendarTime time;
  const std::int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
  const auto second_of_day = static_cast<int>(seconds - days * 86400);
  time.year = 1970 + days / 366;
  while (DaysFromDate(time.year + 1, 1, 1) <= days) ++time.year;
  while (DaysFromDate(time.year, 1, 1) > days) --time.year;
  while (time.month < 12 && DaysFromDate(time.year, time.month + 1, 1) <= days) ++time.month;
  time.day = static_cast<int>(days - DaysFromDate(time.year, time.month, 1)) + 1;
  time.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  time.hour = second_of_day / 3600;
  time.minute = second_of_day / 60 % 60;
  time.second = second_of_day % 60;
  return time;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
