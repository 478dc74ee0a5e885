// Days and times of the Gregorian calendar, computed without locale and without the limits of time_t; SMTPOLL_SMALL
// ends in the year 5881580.
// Invariant: every number of seconds has one calendar time, and the way back leads to it.
#ifndef SMTPOLL_BASE_CALENDAR_HPP
#define SMTPOLL_BASE_CALENDAR_HPP

#include <cstdint>
#include <type_traits>

#include "smtpoll/base/features.hpp"

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
  // From the first of March of the year 0 on: 400 years have 146097 days, which is a whole number of weeks, and a leap
  // day is the last of its year, of its 4 years, of its 400 years. All that is inside of 400 years fits an int.
  using Days = std::conditional_t<kIsSmall, std::int32_t, std::int64_t>;
  const Days since_march = static_cast<Days>(days) + 719468;
  const Days era = (since_march >= 0 ? since_march : since_march - 146096) / 146097;
  const int day_of_era = static_cast<int>(since_march - era * 146097);
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month = (5 * day_of_year + 2) / 153;  // 0 is March
  time.day = day_of_year - (153 * month + 2) / 5 + 1;
  time.month = month < 10 ? month + 3 : month - 9;
  time.year = era * 400 + Days{year_of_era} + (time.month <= 2 ? 1 : 0);
  time.weekday = (day_of_era + 3) % 7;
  time.hour = second_of_day / 3600;
  time.minute = second_of_day / 60 % 60;
  time.second = second_of_day % 60;
  return time;
}

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
