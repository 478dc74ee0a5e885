// The date of a message (RFC 5322 3.3): `Tue, 24 Nov 2026 10:00:00 +0100`, the local time and how far it is ahead of
// UTC. Its words are English whatever the locale says.
#ifndef SMTPOLL_MESSAGE_DATE_HPP
#define SMTPOLL_MESSAGE_DATE_HPP

#include <cstdint>
#include <ctime>
#include <string>

#include "smtpoll/base/calendar.hpp"
#include "smtpoll/base/fixed_text.hpp"
#include "smtpoll/base/piece.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Appends the date of `seconds` since 1970-01-01 UTC as it is on a clock that is `offset` minutes ahead of UTC.
template <typename Text>
void AppendDate(std::int64_t seconds, int offset, Text& to) {
  // Three letters each.
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat", kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto word = [&to](std::string_view words, int number) {
    to.append(First(Rest(words, 3 * static_cast<std::size_t>(number)), 3));
  };
  const auto two = [&to](int value) {
    to += static_cast<char>('0' + value / 10);
    to += static_cast<char>('0' + value % 10);
  };
  const CalendarTime time = ToCalendarTime(seconds + std::int64_t{60} * offset);
  word(kDays, time.weekday);
  to.append(", ");
  if (time.day >= 10) to += static_cast<char>('0' + time.day / 10);
  to += static_cast<char>('0' + time.day % 10);
  to += ' ';
  word(kMonths, time.month - 1);
  to += ' ';
  if (time.year >= 1000 && time.year <= 9999) {
    two(static_cast<int>(time.year) / 100);
    two(static_cast<int>(time.year) % 100);
  } else {
    FixedText<24> year(time.year < 0 ? "-" : "");
    year.AppendDecimal(static_cast<std::uint64_t>(time.year < 0 ? -time.year : time.year));
    to.append(year.View());
  }
  to += ' ';
  two(time.hour);
  to += ':';
  two(time.minute);
  to += ':';
  two(time.second);
  to.append(offset < 0 ? " -" : " +");
  const int distance = offset < 0 ? -offset : offset;
  two(distance / 60);
  two(distance % 60);
}

/// Minutes by which the local clock is ahead of UTC at `now`; 0 where the system does not say.
inline int LocalOffset(std::time_t now) noexcept {
  std::tm local{};
#if defined(SMTPOLL_WINDOWS)
  if (localtime_s(&local, &now) != 0) return 0;
#elif defined(SMTPOLL_POSIX)
  if (localtime_r(&now, &local) == nullptr) return 0;
#else
  return 0;
#endif
  const std::int64_t as_if_utc = DaysFromDate(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday) * 86400 +
                                 std::int64_t{3600} * local.tm_hour + std::int64_t{60} * local.tm_min + local.tm_sec;
  return static_cast<int>((as_if_utc - static_cast<std::int64_t>(now)) / 60);
}

/// The present date as text, made anew only when the second has changed.
class DateClock {
 public:
  /// The text of `now`, which is std::time; valid until the next call.
  const std::string& Text(std::time_t now) {
    if (now == second_ && !text_.empty()) return text_;
    second_ = now;
    text_.clear();
    AppendDate(static_cast<std::int64_t>(now), LocalOffset(now), text_);
    return text_;
  }

 private:
  std::time_t second_ = 0;
  std::string text_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
