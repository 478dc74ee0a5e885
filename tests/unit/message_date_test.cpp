#include "smtpoll/message/date.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>
#include <optional>
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
  // A year may have more than four digits.
  CHECK(Date(253402300800, 0) == "Sat, 1 Jan 10000 00:00:00 +0000");
}

TEST_CASE("RFC 5322 3.3: the local offset is less than a day") {
  const int offset = smtpoll::detail::LocalOffset(1795514400);
  CHECK(offset > -24 * 60);
  CHECK(offset < 24 * 60);
}

#if defined(SMTPOLL_POSIX)
namespace {

/// The zone of this program for the time of a test.
class Zone {
 public:
  explicit Zone(const char* name) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    setenv("TZ", name, 1);
    tzset();
  }
  ~Zone() {
    if (before_)
      setenv("TZ", before_->c_str(), 1);
    else
      unsetenv("TZ");
    tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

 private:
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("RFC 5322 3.3: Date has the local time and its offset, also where that is no whole hour and in summer") {
  const struct {
    const char* zone;
    int winter, summer;
    const char* date;
  } zones[] = {{"UTC0", 0, 0, "Tue, 24 Nov 2026 10:00:00 +0000"},
               {"NPT-5:45", 345, 345, "Tue, 24 Nov 2026 15:45:00 +0545"},
               {"NST3:30NDT,M3.2.0,M11.1.0", -210, -150, "Tue, 24 Nov 2026 06:30:00 -0330"},
               {"LINT-14", 840, 840, "Wed, 25 Nov 2026 00:00:00 +1400"}};
  constexpr std::time_t kWinter = 1795514400, kSummer = 1782900000;
  for (const auto& one : zones) {
    const Zone zone(one.zone);
    CHECK(smtpoll::detail::LocalOffset(kWinter) == one.winter);
    CHECK(smtpoll::detail::LocalOffset(kSummer) == one.summer);
    std::string text;
    smtpoll::detail::AppendDate(kWinter, smtpoll::detail::LocalOffset(kWinter), text);
    CHECK(text == one.date);
  }
}
#endif
