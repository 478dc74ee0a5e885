#include "smtpoll/protocol/sasl_prep.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {
/// The prepared form of `text`, or why there is none.
std::string Prepared(std::string_view text) {
  const smtpoll::detail::PreparedText prepared(text);
  return prepared.Fault() != nullptr ? "(fault) " + std::string(prepared.Fault()) : std::string(prepared.View());
}
const std::string kForbidden = "(fault) a user name or password has a character that SASLprep forbids";
const std::string kMixed = "(fault) a user name or password mixes writing directions";
const std::string kTooLong = "(fault) a user name or password is longer than SCRAM takes here";
const std::string kNoUtf8 = "(fault) a user name or password is not UTF-8";
}  // namespace

#if defined(SMTPOLL_SMALL)

TEST_CASE("RFC 4013: without its tables ASCII is prepared, and nothing else is sent") {
  CHECK(Prepared("user USER ~") == "user USER ~");
  CHECK(Prepared("I\xc2\xadX") == "IX");
  CHECK(Prepared("a\x7f") == kForbidden);
  CHECK(Prepared("\xff") == kNoUtf8);
  CHECK(Prepared("z\xc3\xbcrich") ==
        "(fault) a user name or password is not ASCII, and SMTPOLL_SMALL has no tables for that");
}

#else

TEST_CASE("RFC 4013 3: the examples") {
  CHECK(Prepared("I\xc2\xadX") == "IX");
  CHECK(Prepared("user") == "user");
  CHECK(Prepared("USER") == "USER");
  CHECK(Prepared("\xc2\xaa") == "a");
  CHECK(Prepared("\xe2\x85\xa8") == "IX");
  CHECK(Prepared("\x07") == kForbidden);
  CHECK(Prepared("\xd8\xa7\x31") == kMixed);
}

TEST_CASE("RFC 4013 2.1: other spaces become spaces, what shows nothing is dropped") {
  CHECK(Prepared("a\xc2\xa0"
                 "b\xe3\x80\x80"
                 "c") == "a b c");
  CHECK(Prepared("a\xe2\x80\x8d"
                 "b\xef\xbb\xbf"
                 "c\xef\xb8\x8f") == "abc");
  CHECK(Prepared("") == "");
}

TEST_CASE("RFC 4013 2.2: what is composed, and in which order, makes no difference") {
  CHECK(Prepared("u\xcc\x88") == "\xc3\xbc");
  // o with a dot below and a circumflex, whichever was typed first.
  CHECK(Prepared("o\xcc\xa3\xcc\x82") == "\xe1\xbb\x99");
  CHECK(Prepared("o\xcc\x82\xcc\xa3") == "\xe1\xbb\x99");
  // Korean by rule: three letters, and a syllable with one.
  CHECK(Prepared("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab") == "\xed\x95\x9c");
  CHECK(Prepared("\xed\x95\x98\xe1\x86\xab") == "\xed\x95\x9c");
  // One character becomes 18, and too many of them are too long.
  const std::string long_one = "\xef\xb7\xba";
  CHECK(Prepared(long_one).size() > 18);
  std::string many;
  for (int i = 0; i < 20; ++i) many += long_one;
  CHECK(Prepared(many) == kTooLong);
}

TEST_CASE("RFC 4013 2.2: Korean syllables stay whole, and swallow nothing that stands behind them") {
  // Two syllables of three letters, two of two; three letters with one more of the last kind, or with "x".
  for (const char* text :
       {"\xed\x95\x9c\xea\xb5\xad", "\xed\x95\x98\xeb\x8b\xa4", "\xed\x95\x9c\xe1\x86\xab", "\xed\x95\x9cx",
        // The first letter with another, a mark, "x", or a vowel of old.
        "\xe1\x84\x92\xe1\x84\x92", "\xe1\x84\x92\xcc\x81", "\xe1\x84\x92x", "\xe1\x84\x92\xe1\x85\xb6",
        // Two letters with one that is none of the last kind: before the first, behind the last, a mark.
        "\xed\x95\x98\xe1\x86\xa7", "\xed\x95\x98\xe1\x87\x83", "\xed\x95\x98\xcc\x81",
        // A mark between the letters keeps them apart.
        "\xe1\x84\x80\xcc\xa3\xe1\x85\xa1", "\xea\xb0\x80\xcc\xa3\xe1\x86\xa8"}) {
    CAPTURE(text);
    CHECK(Prepared(text) == text);
  }
}

TEST_CASE("RFC 4013 2.2: marks are put in order, and join what nothing keeps from them") {
  struct Case {
    const char* text;
    const char* form;
  };
  for (const Case& one :
       {// Nothing to join: in the order of their classes, and those of one class as they were.
        Case{"q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87"}, Case{"q\xcc\x95\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87\xcc\x95"},
        Case{"a\xcc\x85\xcc\x81", "a\xcc\x85\xcc\x81"}, Case{"a\xcc\x80\xcc\x95\xcc\x81", "\xc3\xa0\xcc\x81\xcc\x95"},
        // A mark of a lower class stands between, and does not matter.
        Case{"e\xcc\xa9\xcc\x81", "\xc3\xa9\xcc\xa9"},
        Case{"a\xcc\x95\xcc\xa3\xcc\x81", "\xe1\xba\xa1\xcc\x81\xcc\x95"},
        // Without a character before them.
        Case{"\xcc\x81\xcc\xa3"
             "a",
             "\xcc\xa3\xcc\x81"
             "a"}}) {
    CAPTURE(one.text);
    CHECK(Prepared(one.text) == one.form);
  }
}

TEST_CASE("RFC 4013 2.2: the full-width forms and Latin-1 in NFKC") {
  CHECK(Prepared("\xef\xbc\xa1\xef\xbd\x82\xef\xbc\x81") == "Ab!");
  CHECK(Prepared("x\xc2\xb2\xc2\xbd\xc2\xb5\xc2\xb4") ==
        "x2"
        "1\xe2\x81\x84"
        "2\xce\xbc \xcc\x81");
  CHECK(Prepared("z\xc3\xbcrich \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80") ==
        "z\xc3\xbcrich \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80");
}

TEST_CASE("RFC 5802 5.1 and 2.2, RFC 3454 7: what Unicode 3.2 does not know stays as it is, in passwords too") {
  // A fox (Unicode 9), a capital sharp s (5.1), a d with a curl (4.0), a mark above (4.1).
  for (const char* text : {"\xf0\x9f\xa6\x8a", "\xe1\xba\x9e", "\xc8\xa1", "e\xe1\xb7\x84"}) {
    CAPTURE(text);
    CHECK(Prepared(text) == text);
  }
  // A later version makes "0." and "A" of these, and puts the dot below before that mark.
  for (const char* text : {"\xf0\x9f\x84\x80", "\xf0\x9f\x84\xb0", "a\xe1\xb7\x84\xcc\xa3"}) {
    CAPTURE(text);
    CHECK(Prepared(text) == text);
  }
  // What stands around them is prepared.
  CHECK(Prepared("u\xcc\x88\xf0\x9f\xa6\x8a\xc2\xb2") ==
        "\xc3\xbc\xf0\x9f\xa6\x8a"
        "2");
}

TEST_CASE("RFC 4013 2.3: forbidden characters") {
  for (const char* text : {"a\x7f", "\xc2\x85", "a\xe2\x80\xa8", "\xe2\x80\x8e", "\xee\x80\x80", "\xef\xbf\xbd",
                           "\xef\xb7\x90", "\xf0\x9f\xbf\xbe", "\xf3\xa0\x80\x81", "\xf4\x8f\xbf\xbf"}) {
    CAPTURE(text);
    CHECK(Prepared(text) == kForbidden);
  }
  CHECK(Prepared(std::string_view("a\0b", 3)) == kForbidden);
}

TEST_CASE("RFC 3454 6: text that runs from right to left does so from end to end") {
  CHECK(Prepared("\xd7\xa9\xd7\x9c") == "\xd7\xa9\xd7\x9c");
  CHECK(Prepared("\xd8\xa7"
                 "1\xd8\xa8") ==
        "\xd8\xa7"
        "1\xd8\xa8");
  CHECK(Prepared("\xd8\xa7"
                 "a\xd8\xa8") == kMixed);
  CHECK(Prepared("1\xd8\xa7") == kMixed);
}

TEST_CASE("RFC 3629 3: what is no UTF-8 cannot be prepared") {
  for (const char* text : {"\x80", "\xc3", "\xc3(", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xf8\x88\x80\x80\x80", "\xff", "a\xe2\x82"}) {
    CAPTURE(text);
    CHECK(Prepared(text) == kNoUtf8);
  }
}

TEST_CASE("PreparedText: what is too long is said to be") {
  CHECK(Prepared(std::string(256, 'x')).size() == 256);
  CHECK(Prepared(std::string(257, 'x')) == kTooLong);
  // By bytes, 128 sharp s of two and one more; by letters and marks, where u with two dots is two.
  for (const char* character : {"\xc3\x9f", "\xc3\xbc"}) {
    std::string full;
    for (int i = 0; i < 128; ++i) full += character;
    CHECK(Prepared(full) == full);
    CHECK(Prepared(full + "x") == kTooLong);
  }
  // By characters, of which the last is more than ASCII.
  CHECK(Prepared(std::string(256, 'x') + "\xc2\xad") == std::string(256, 'x'));
  CHECK(Prepared(std::string(256, 'x') + "\xc3\xbc") == kTooLong);
  // By the letters of Korean syllables, 85 times three; the next one finds no room for its last, second or first
  // letter.
  std::string syllables;
  for (int i = 0; i < 84; ++i) syllables += "\xed\x95\x9c";
  const std::string three = "\xed\x95\x9c", two = "\xed\x95\x98";
  CHECK(Prepared(syllables + three + "x") == syllables + three + "x");
  CHECK(Prepared(syllables + two + three) == kTooLong);
  CHECK(Prepared(syllables + three + three) == kTooLong);
  CHECK(Prepared(syllables + three + "x" + three) == kTooLong);
}

#endif
