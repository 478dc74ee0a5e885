// Renders COUNT seeded-random messages to OUTDIR/i.eml and says in OUTDIR/i.json what was put into each. A reader that
// we did not write then compares the two (message_corpus_check.py).
//   message_corpus COUNT OUTDIR
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

std::string Hex(const std::string& bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kHex[static_cast<unsigned char>(c) >> 4];
    text += kHex[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t Number(std::size_t below) { return random_() % below; }
  bool OneIn(std::size_t count) { return Number(count) == 0; }

  /// A character of any plane, or one that has a meaning somewhere in a message.
  std::string Character() {
    static const char kSpecial[] = "=?_.,;:<>()[]\"\\'@%&+*-/ \t#~|^{}";
    switch (Number(8)) {
      case 0: return Utf8(static_cast<std::uint32_t>(0xA1 + Number(0x700)));
      case 1: return Utf8(static_cast<std::uint32_t>(0x5D0 + Number(27)));  // right to left
      case 2: return Utf8(static_cast<std::uint32_t>(0x4E00 + Number(0x5000)));
      case 3: return Utf8(static_cast<std::uint32_t>(0x1F300 + Number(0x200)));  // emoji
      case 4: return Utf8(static_cast<std::uint32_t>(0x20000 + Number(0x1000)));
      case 5: return std::string(1, kSpecial[Number(sizeof kSpecial - 1)]);
      default: return std::string(1, static_cast<char>('a' + Number(26)));
    }
  }
  std::string Text(std::size_t most, bool ascii) {
    std::string text;
    for (std::size_t i = Number(most + 1); i > 0; --i) {
      if (OneIn(6))
        text += ' ';
      else
        text += ascii ? std::string(1, static_cast<char>('!' + Number(94))) : Character();
    }
    return text;
  }
  /// Lines of lengths at the borders of every limit, with what trips up mail software between them.
  std::string Body(bool ascii) {
    static const std::size_t kLengths[] = {0, 1, 74, 75, 76, 77, 78, 79, 150, 997, 998, 999, 2000};
    static const char* const kLines[] = {".",         "..",         "From me", "--=_boundary", "=20",
                                         "trailing ", "trailing\t", "\t",      "--",           "begin 644 x"};
    static const char* const kEnds[] = {"\n", "\r\n", "\r\n", "\n", "\r", "\n\n"};
    std::string body;
    for (std::size_t i = Number(12); i > 0; --i) {
      switch (Number(4)) {
        case 0: body += std::string(kLengths[Number(13)], 'x'); break;
        case 1: body += kLines[Number(10)]; break;
        default: body += Text(120, ascii);
      }
      if (i != 1 || !OneIn(3)) body += kEnds[Number(6)];
    }
    return body;
  }
  std::string Bytes() {
    static const std::size_t kSizes[] = {0, 1, 2, 3, 56, 57, 58, 114, 1000, 5000};
    std::string bytes;
    for (std::size_t i = kSizes[Number(10)]; i > 0; --i) bytes += static_cast<char>(random_());
    return bytes;
  }

 private:
  static std::string Utf8(std::uint32_t c) {
    const auto byte = [](std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
    if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 63))};
    if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
    return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 63)), byte(0x80 | (c >> 6 & 63)), byte(0x80 | (c & 63))};
  }

  std::mt19937 random_;
};

/// One message and what it is made of: a line of JSON, every text in hexadecimal.
struct Case {
  smtpoll::EmailMessage mail;
  std::string json;
};

void Put(std::string& json, const char* name, const std::string& value) {
  json.append(json.empty() ? "{\"" : ", \"").append(name).append("\": \"").append(Hex(value)).append("\"");
}

/// A display name and its address: the name as text, and as it is written in a list.
std::string Mailbox(Generator& make, std::string& names, int number) {
  std::string name = make.OneIn(3) ? "" : make.Text(40, make.OneIn(2));
  for (char& c : name)
    if (c == '\t') c = ' ';
  const std::string address = "user" + std::to_string(number) + "@" + (make.OneIn(4) ? "sub.y.example" : "x.example");
  names += Hex(name) + ":" + Hex(address) + " ";
  std::string written;
  if (!name.empty()) {
    smtpoll::detail::AppendQuoted(name, written);
    return written + " <" + address + ">";
  }
  return make.OneIn(2) ? address : "<" + address + ">";
}

Case Make(unsigned seed) {
  Generator make(seed);
  Case result;
  smtpoll::EmailMessage& mail = result.mail;
  std::string from, to, cc;
  mail.FromAddress = Mailbox(make, from, 0);
  for (std::size_t i = 1 + make.Number(4); i > 0; --i) mail.AddRecipient(Mailbox(make, to, static_cast<int>(i)));
  for (std::size_t i = make.Number(3); i > 0; --i) mail.AddCCRecipient(Mailbox(make, cc, 10 + static_cast<int>(i)));
  mail.AddBCCRecipient("hidden@z.example");
  mail.Subject = make.Text(make.OneIn(5) ? 400 : 60, make.OneIn(3));
  for (char& c : mail.Subject)
    if (c == '\t') c = ' ';
  const bool ascii = make.OneIn(3);
  if (!make.OneIn(4)) mail.BodyPlainText = make.Body(ascii);
  if (make.OneIn(2)) mail.BodyHTML = "<html>" + make.Body(ascii);
  if (make.OneIn(6)) mail.BodyEnriched = "<bold>" + make.Body(ascii);
  mail.Headers.AppendHeader("X-Seed", std::to_string(seed));

  std::string& json = result.json;
  Put(json, "subject", mail.Subject);
  json += ", \"from\": \"" + from + "\", \"to\": \"" + to + "\", \"cc\": \"" + cc + "\"";
  Put(json, "plain", mail.BodyPlainText);
  Put(json, "html", mail.BodyHTML);
  Put(json, "enriched", mail.BodyEnriched);
  json += ", \"attachments\": [";
  for (std::size_t i = make.Number(4); i > 0; --i) {
    smtpoll::EmailAttachment one;
    one.Name = make.Text(make.OneIn(5) ? 200 : 30, make.OneIn(2)) + ".bin";
    one.Data = make.Bytes();
    if (make.OneIn(3)) one.InlineContentID = "cid" + std::to_string(i) + "@x.example";
    const bool is_inline = !one.InlineContentID.empty() && !mail.BodyHTML.empty();
    std::string fields;
    Put(fields, "name", one.Name);
    Put(fields, "data", one.Data);
    Put(fields, "cid", one.InlineContentID);
    json += (json.back() == '[' ? "" : ", ") + fields + ", \"inline\": " + (is_inline ? "true" : "false") + "}";
    mail.Attachments.Append(one);
  }
  json += "]}\n";
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s COUNT OUTDIR\n", argv[0]);
    return 2;
  }
  const int count = std::atoi(argv[1]);
  smtpoll::MessageSource source;
  for (int i = 0; i < count; ++i) {
    const Case one = Make(static_cast<unsigned>(i));
    if (const smtpoll::MessageFault fault = one.mail.Fault()) {
      std::printf("message %d: %s: %s\n", i, std::string(fault.field).c_str(), fault.reason);
      return 1;
    }
    source.Open(one.mail, static_cast<smtpoll::detail::WireWidth>(i % 3));
    const std::string name = std::string(argv[2]) + "/" + std::to_string(i);
    std::ofstream file(name + ".eml", std::ios::binary);
    char piece[1000];
    for (;;) {
      const smtpoll::SourceResult got = source.Read(piece, 1 + static_cast<std::size_t>(i) % sizeof piece);
      file.write(piece, static_cast<std::streamsize>(got.size));
      if (got.status == smtpoll::SourceStatus::Failed) return 1;
      if (got.status == smtpoll::SourceStatus::End) break;
    }
    std::ofstream(name + ".json") << one.json;
  }
  return 0;
}
