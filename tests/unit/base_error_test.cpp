#include "smtpoll/base/error_category.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <ostream>

using smtpoll::Errc;
using smtpoll::Error;
using smtpoll::Phase;

TEST_CASE("Error numbers are the seed's") {
  CHECK(static_cast<int>(Errc::None) == 0);
  CHECK(static_cast<int>(Errc::NetworkInit) == 100);
  CHECK(static_cast<int>(Errc::ConnectionLost) == 102);
  CHECK(static_cast<int>(Errc::NameResolution) == 103);
  CHECK(static_cast<int>(Errc::AddressInUse) == 105);
  CHECK(static_cast<int>(Errc::InvalidState) == 106);
  CHECK(static_cast<int>(Errc::InvalidPort) == 107);
  CHECK(static_cast<int>(Errc::OutOfMemory) == 108);
}

TEST_CASE("Error as std::error_code: ours in our category, the system's in its own") {
  const std::error_code ours = ToErrorCode(Error(Errc::InvalidPort, Phase::Connect));
  CHECK(ours == Errc::InvalidPort);
  CHECK(std::string(ours.category().name()) == "smtpoll");
  CHECK(ours.message() == "the port cannot be used");
#if defined(SMTPOLL_WINDOWS)
  const std::error_code system = ToErrorCode(Error::FromNumber(10061, Phase::Connect));  // WSAECONNREFUSED
#else
  const std::error_code system = ToErrorCode(Error::FromNumber(ECONNREFUSED, Phase::Connect));
#endif
  CHECK(system == std::errc::connection_refused);
  CHECK_FALSE(ToErrorCode(Error()));
  // 101 and 104 are retired: those numbers are the system's.
  CHECK(ToErrorCode(Error::FromNumber(104, Phase::None)).category() == std::system_category());
}

TEST_CASE("Error in one line names phase, command, reply and enhanced code") {
  Error error(Errc::MessageRefused, Phase::Recipient, "no such user");
  error.command.Assign("RCPT TO:<x@y.org>");
  error.reply_code = 550;
  error.enhanced = {5, 1, 1};
  CHECK(ToString(error) == "RCPT: the server refused the message [RCPT TO:<x@y.org>]: 550 5.1.1 no such user");
  CHECK(ToString(Error(Errc::InvalidPort, Phase::Connect, "the port is 0")) ==
        "connect: the port cannot be used: the port is 0");
}

TEST_CASE("Every error number of ours and every phase has a name") {
  for (const int number :
       {100,  102,  103,  105,  106,  107,  108,  1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009,
        1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019, 1020, 1021, 1022, 1023, 1024})
    CHECK(std::string(smtpoll::Name(static_cast<Errc>(number))) != "operating system error");
  for (int phase = 1; phase <= static_cast<int>(Phase::Quit); ++phase)
    CHECK(std::string(smtpoll::Name(static_cast<Phase>(phase))).size() > 1);
}

TEST_CASE("FixedText cuts what does not fit") {
  smtpoll::FixedText<4> text("abcdef");
  CHECK(text.View() == "abcd");
  text.Assign("a");
  text.AppendDecimal(1234);
  CHECK(text.View() == "a123");
  text.Clear();
  text.AppendDecimal(0);
  CHECK(text.View() == "0");
}

TEST_CASE("Errc::None has its words too") {
  CHECK(std::string(smtpoll::detail::OwnName(Errc::None)) == "no error");
}
