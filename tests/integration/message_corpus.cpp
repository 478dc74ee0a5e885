// Renders COUNT seeded-random messages to OUTDIR/i.eml and says in OUTDIR/i.json what was put into each. Readers that
// we did not write then compare the two (message_corpus_check.py).
//   message_corpus COUNT OUTDIR [FILE]
// With FILE each message has that file attached, once as a file and once from a callback: for attachments that are
// large.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
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
    switch (Number(12)) {
      case 0: return Utf8(0xA1 + Number32(0x700));
      case 1: return Utf8(0x5D0 + Number32(27));  // right to left
      case 2: return Utf8(0x4E00 + Number32(0x5000));
      case 3: return Utf8(0x1F300 + Number32(0x200));  // emoji
      case 4: return Utf8(0x20000 + Number32(0x1000));
      case 5: return Utf8(0x30000 + Number32(0x1000));
      case 6: return Utf8((Number32(3) + 14) * 0x10000 + 0x100 + Number32(0xE0));  // tags and private use
      case 7: return std::string(1, kSpecial[Number(sizeof kSpecial - 1)]);
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
    static const char* const kLines[] = {".",
                                         "..",
                                         "From me",
                                         "--=_boundary",
                                         "=20",
                                         "trailing ",
                                         "trailing\t",
                                         "\t",
                                         "--",
                                         "begin 644 x",
                                         "--=_aaaaaaaaaaaaaaaaaaaaaaaa1--",
                                         "Content-Type: text/plain",
                                         "=?UTF-8?Q?x?=",
                                         "\xe2\x80\xae right to left \xe2\x80\xac"};
    static const char* const kEnds[] = {"\n", "\r\n", "\r\n", "\n", "\r", "\n\n"};
    std::string body;
    for (std::size_t i = Number(12); i > 0; --i) {
      switch (Number(4)) {
        case 0: body += std::string(kLengths[Number(13)], 'x'); break;
        case 1: body += kLines[Number(ascii ? 13 : 14)]; break;
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
  std::uint32_t Number32(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

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
  std::string name = make.OneIn(3) ? "" : make.Text(make.OneIn(10) ? 300 : 40, make.OneIn(2));
  for (char& c : name)
    if (c == '\t') c = ' ';
  static const char* const kDomains[][2] = {{"x.example", "x.example"},
                                            {"sub.y.example", "sub.y.example"},
                                            {"b\xc3\xbc"
                                             "cher.example",
                                             "xn--bcher-kva.example"},
                                            {"[192.0.2.1]", "[192.0.2.1]"}};
  const auto& domain = kDomains[make.Number(8) < 4 ? 0 : make.Number(4)];
  const std::string user = "user" + std::to_string(number) + "@";
  names += Hex(name) + ":" + Hex(user + domain[1]) + " ";
  std::string written = make.OneIn(8) ? "(a comment) " : "";
  if (!name.empty()) {
    smtpoll::detail::AppendQuoted(name, written);
    return written + " <" + user + domain[0] + ">";
  }
  return written + (make.OneIn(2) ? user + domain[0] : "<" + user + domain[0] + ">");
}

/// Several mailboxes, now and then in a group.
std::string Mailboxes(Generator& make, std::string& names, std::size_t count, int number) {
  std::string list;
  for (; count > 0; --count)
    list += (list.empty() ? "" : ", ") + Mailbox(make, names, number + static_cast<int>(count));
  return !list.empty() && make.OneIn(8) ? "A group: " + list + ";" : list;
}

/// Lets an attachment read its bytes from where chance says: memory, a file, a callback that knows its length or not.
void Attach(Generator& make, smtpoll::EmailAttachment& one, const std::string& bytes, const std::string& file_name,
            std::size_t ways) {
  const std::size_t way = make.Number(ways);
  if (way < 2) {
    one.Data = bytes;
  } else if (way == 2) {
    const std::string name = one.Name, type = one.MIMEType;
    std::ofstream(file_name, std::ios::binary) << bytes;
    if (!one.LoadFromFile(file_name)) std::exit(3);
    one.Name = name;
    one.MIMEType = type;
  } else {
    const auto at = std::make_shared<std::size_t>(0);
    const auto calls = std::make_shared<int>(0);
    one.LoadFromCallback(
        [=](char* into, std::size_t room) -> smtpoll::SourceResult {
          if (++*calls % 5 == 4) return {0, smtpoll::SourceStatus::Again};
          const std::size_t size = bytes.copy(into, room < 777 ? room : 777, *at);
          *at += size;
          return {size, *at == bytes.size() ? smtpoll::SourceStatus::End : smtpoll::SourceStatus::More};
        },
        way == 3 ? bytes.size() : smtpoll::kUnknownSize,
        [=] {
          *at = 0;
          return true;
        });
  }
}

/// A message to be forwarded, with the text that it holds.
std::string Forward(Generator& make, bool eight_bit, std::string& fields) {
  const std::string subject = make.Text(30, true), text = make.Text(200, true) + "\n";
  Put(fields, "forward_subject", "Fwd " + subject);
  Put(fields, "forward_text", eight_bit ? "caf\xc3\xa9 " + text : text);
  smtpoll::detail::TextBuffer message;
  message += "From: a@b.example\nDate: Tue, 24 Nov 2026 10:00:00 +0000\nMessage-ID: <1@b.example>\n";
  smtpoll::detail::HeaderWriter writer(message);
  writer.Begin("Subject");
  writer.Text("Fwd " + subject);
  message += "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: ";
  message += eight_bit ? "8bit\n\ncaf\xc3\xa9 " + text : "7bit\n\n" + text;
  return std::string(message.View());
}

std::string Name(Generator& make) {
  static const char* const kEmoji[] = {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb.png",
                                       "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa .pdf", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.txt",
                                       "a'b\"c%20.bin"};
  return make.OneIn(6) ? kEmoji[make.Number(4)] : make.Text(make.OneIn(5) ? 200 : 30, make.OneIn(2)) + ".bin";
}

Case Make(unsigned seed, smtpoll::detail::WireWidth width, const std::string& file_name, const char* large) {
  Generator make(seed);
  Case result;
  smtpoll::EmailMessage& mail = result.mail;
  std::string from, to, cc, reply_to;
  mail.FromAddress = Mailbox(make, from, 0);
  mail.ToAddress = Mailboxes(make, to, 1 + make.Number(4), 0);
  mail.CCAddress = Mailboxes(make, cc, make.Number(3), 10);
  mail.AddBCCRecipient("hidden@z.example");
  if (make.OneIn(4)) mail.Headers.AppendHeader("Reply-To", Mailboxes(make, reply_to, 1 + make.Number(2), 20));
  mail.Subject = make.Text(make.OneIn(5) ? 400 : 60, make.OneIn(3));
  for (char& c : mail.Subject)
    if (c == '\t') c = ' ';
  const bool ascii = make.OneIn(3);
  if (!make.OneIn(4)) mail.BodyPlainText = make.Body(ascii);
  if (make.OneIn(2)) mail.BodyHTML = "<html>" + make.Body(ascii);
  if (make.OneIn(6)) mail.BodyEnriched = "<bold>" + make.Body(ascii);
  if (make.OneIn(8))
    mail.BodyCalendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n" + make.Body(ascii) + "\nEND:VCALENDAR\r\n";
  mail.Headers.AppendHeader("X-Seed", std::to_string(seed));
  if (make.OneIn(4)) mail.SetInReplyTo("<" + std::to_string(seed) + "@x.example>", "<0@x.example> <1@x.example>");
  if (make.OneIn(4)) mail.SetListUnsubscribe("https://x.example/u?" + std::string(make.Number(900), 'u'), true);
  if (make.OneIn(4)) mail.SetPriority(smtpoll::MessagePriority::High);
  if (make.OneIn(4)) mail.SetAutoSubmitted("auto-generated");

  std::string& json = result.json;
  Put(json, "subject", mail.Subject);
  json += ", \"from\": \"" + from + "\", \"to\": \"" + to + "\", \"cc\": \"" + cc + "\", \"reply_to\": \"" + reply_to +
          "\"";
  Put(json, "plain", mail.BodyPlainText);
  Put(json, "html", mail.BodyHTML);
  Put(json, "enriched", mail.BodyEnriched);
  Put(json, "calendar", mail.BodyCalendar);
  // A ready-made message is rendered as for a server that takes ASCII.
  const bool ready_made = make.OneIn(10) && large == nullptr;
  const bool eight_bit = !ready_made && width != smtpoll::detail::WireWidth::SevenBit;
  json += ", \"attachments\": [";
  const auto attach = [&](smtpoll::EmailAttachment& one, std::string fields, const char* type) {
    const bool is_inline = !one.InlineContentID.empty() && !mail.BodyHTML.empty();
    Put(fields, "name", one.Name);
    Put(fields, "type", type);
    Put(fields, "cid", one.InlineContentID);
    json += (json.back() == '[' ? "" : ", ") + fields + ", \"inline\": " + (is_inline ? "true" : "false") + "}";
    mail.Attachments.Append(std::move(one));
  };
  for (std::size_t i = make.Number(4); i > 0; --i) {
    smtpoll::EmailAttachment one;
    const std::string file = file_name + "-" + std::to_string(i);
    std::string fields;
    if (make.OneIn(6)) {
      const bool forward_eight_bit = make.OneIn(3);
      one.Name = "forward.eml";
      const std::string message = Forward(make, forward_eight_bit, fields);
      const bool from_file = make.OneIn(2);
      if (from_file) {
        std::ofstream(file, std::ios::binary) << message;
        if (!one.LoadFromFile(file)) std::exit(3);
        one.Name = "forward.eml";
      } else {
        one.Data = message;
      }
      const bool as_message = !forward_eight_bit || eight_bit;
      if (!as_message) Put(fields = "", "data", message);
      attach(one, fields, as_message ? "message/rfc822" : "application/octet-stream");
      continue;
    }
    if (make.OneIn(3)) one.InlineContentID = "cid" + std::to_string(i) + "@x.example";
    one.Name = Name(make);
    static const char* const kTypes[] = {"application/octet-stream", "application/pdf", "image/png"};
    const bool is_text = make.OneIn(4);
    const std::string type = is_text ? "text/csv" : kTypes[make.Number(3)];
    one.MIMEType = type;
    if (is_text) {  // a text that may go without base64
      static const char* const kEncodings[] = {"7bit", "8bit", "quoted-printable", "", "binary"};
      one.ContentEncoding = kEncodings[make.Number(5)];
      for (std::size_t lines = make.Number(20); lines > 0; --lines) one.Data += make.Text(100, make.OneIn(2)) + "\r\n";
      Put(fields, "data", one.Data);
    } else {
      const std::string bytes = make.Bytes();
      Put(fields, "data", bytes);
      Attach(make, one, bytes, file, ready_made ? 3 : 5);
    }
    attach(one, fields, type.c_str());
  }
  if (large != nullptr) {
    for (const bool from_file : {true, false}) {
      smtpoll::EmailAttachment one;
      if (!one.LoadFromFile(large)) std::exit(3);
      if (!from_file) {
        const auto file = std::make_shared<std::ifstream>(large, std::ios::binary);
        one.LoadFromCallback([file](char* into, std::size_t room) -> smtpoll::SourceResult {
          file->read(into, static_cast<std::streamsize>(room));
          return {static_cast<std::size_t>(file->gcount()),
                  file->good() ? smtpoll::SourceStatus::More : smtpoll::SourceStatus::End};
        });
      }
      one.Name = "large.bin";
      one.MIMEType = "application/octet-stream";
      std::string fields;
      Put(fields, "file", large);
      attach(one, fields, "application/octet-stream");
    }
  }
  json += "]}\n";
  if (ready_made) {
    const std::string text = mail.Render();
    smtpoll::EmailMessage other;
    other.FromAddress = "a@x.example";
    other.ToAddress = "b@x.example";
    if (make.OneIn(2)) {
      for (const char c : text)
        if (c != '\r') other.Source += c;
    } else {
      other.Source = text;
    }
    mail = std::move(other);
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: %s COUNT OUTDIR [FILE]\n", argv[0]);
    return 2;
  }
  const int count = std::atoi(argv[1]);
  smtpoll::MessageSource source;
  for (int i = 0; i < count; ++i) {
    const std::string name = std::string(argv[2]) + "/" + std::to_string(i);
    const auto width = static_cast<smtpoll::detail::WireWidth>(i % 3);
    const Case one = Make(static_cast<unsigned>(i), width, name, argc == 4 ? argv[3] : nullptr);
    if (const smtpoll::MessageFault fault = one.mail.Fault()) {
      std::printf("message %d: %s: %s\n", i, std::string(fault.field).c_str(), fault.reason);
      return 1;
    }
    source.Open(one.mail, width);
    std::ofstream file(name + ".eml", std::ios::binary);
    char piece[10000];
    const std::size_t room = argc == 4 ? sizeof piece : 1 + static_cast<std::size_t>(i) % 1000;
    for (;;) {
      const smtpoll::SourceResult got = source.Read(piece, room);
      file.write(piece, static_cast<std::streamsize>(got.size));
      if (got.status == smtpoll::SourceStatus::Failed) {
        std::printf("message %d: %s\n", i, std::string(source.Failure()).c_str());
        return 1;
      }
      if (got.status == smtpoll::SourceStatus::End) break;
    }
    std::ofstream(name + ".json") << one.json;
  }
  return 0;
}
