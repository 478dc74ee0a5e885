// Sends mail from the command line, and stands in for /usr/sbin/sendmail on a machine that has none.
//   smtpoll_send --server smtps://smtp.example.org --auth alice --from alice@example.org --to bob@example.org
//                --subject Report --attach report.pdf --stdin <report.txt
//   smtpoll_send -t -i <message        as cron, git send-email and others call it; also where it is named sendmail
// --help lists all. Exit code 0: the server took the message for all recipients; the others are those of sysexits.h.
// link: -lssl -lcrypto
#if !defined(SMTPOLL_MBEDTLS) && !defined(SMTPOLL_SCHANNEL)
#define SMTPOLL_OPENSSL
#endif
#include <smtpoll/smtpoll.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "smtpoll_send/arguments.hpp"
#include "smtpoll_send/exit_code.hpp"
#include "smtpoll_send/letter.hpp"
#include "smtpoll_send/machine.hpp"
#include "smtpoll_send/progress.hpp"

namespace {

const char* program = "smtpoll_send";

int Complain(ExitCode code, const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", program, why.c_str());
  return code;
}
int Complain(ExitCode code, const smtpoll::Error& error) { return Complain(code, std::string(Describe(error).View())); }

/// The message on standard input up to its end; a line with a dot ends it where sendmail's -i is not given.
bool ReadInput(bool dot_ends, std::string& text) {
  if (!ReadAll(stdin, text)) return false;
  if (!dot_ends) return true;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    const std::string line = text.substr(at, end - at);
    if (line == "." || line == ".\r") {
      text.erase(at);
      return true;
    }
    at = end + 1;
  }
  return true;
}

/// The first address of a list, without its name.
std::string AddressIn(const std::string& list) {
  smtpoll::MailboxParser parser(list);
  smtpoll::Mailbox mailbox;
  if (!parser.Next(mailbox)) return {};
  return std::string(mailbox.local_part) + "@" + std::string(mailbox.domain);
}

/// A ready-made message: its recipients and sender are found, and what it lacks is put in.
int Read(const Options& options, const Addresses& addresses, smtpoll::EmailMessage& mail) {
  std::string text;
  if (options.message_file == "-") {
    if (!ReadInput(options.dot_ends, text)) return Complain(kNoInput, "standard input cannot be read");
  } else {
    std::FILE* file = std::fopen(options.message_file.c_str(), "rb");
    const bool read = file != nullptr && ReadAll(file, text);
    if (file != nullptr) std::fclose(file);
    if (!read) return Complain(kNoInput, options.message_file + " cannot be read");
  }
  Letter letter(text);
  if (options.recipients_from_header) Append(mail.ToAddress, addresses.Complete(letter.Recipients(), true));
  letter.Remove("Bcc");
  letter.Remove("Resent-Bcc");
  const std::string author = letter.Value("From");
  if (!author.empty()) mail.FromAddress = addresses.Complete(author, false);
  if (author.empty()) letter.Add("From", mail.FromAddress);
  for (const auto& header : options.headers) {
    letter.Remove(header.first);
    letter.Add(header.first, header.second);
  }
  letter.Complete(addresses);
  // Date and Message-ID as any message of ours has them.
  smtpoll::EmailMessage pattern;
  pattern.FromAddress = mail.FromAddress;
  pattern.ToAddress = mail.ToAddress;
  const Letter stamps(pattern.Render());
  for (const char* name : {"Date", "Message-ID"})
    if (!letter.Has(name)) letter.Add(name, stamps.Value(name));
  mail.Source = letter.Text();
  return kSent;
}

/// A message made of what the options say.
int Make(const Options& options, smtpoll::EmailMessage& mail) {
  mail.Subject = options.subject;
  mail.BodyPlainText = options.body;
  mail.BodyHTML = options.html;
  if (options.body_from_stdin && !ReadInput(false, mail.BodyPlainText))
    return Complain(kNoInput, "standard input cannot be read");
  for (const std::string& path : options.attachments) {
    smtpoll::EmailAttachment attachment;
    if (!attachment.LoadFromFile(path)) return Complain(kNoInput, path + " cannot be read");
    mail.Attachments.Append(std::move(attachment));
  }
  for (const auto& header : options.headers) mail.Headers.AppendHeader(header.first, header.second);
  return kSent;
}

/// Prints the message and its envelope; what a receiver may hold against it goes to standard error.
int Show(const smtpoll::EmailMessage& mail) {
  for (const smtpoll::MessageFinding& finding : mail.Check())
    std::fprintf(stderr, "%s: %s%s: %s (%s)\n", program, finding.blocks ? "cannot be sent: " : "",
                 finding.field.c_str(), finding.what.c_str(), finding.mend.c_str());
  if (mail.Fault()) return kBadData;
  std::fprintf(stderr, "%s: not sent, from <%s> to %s\n", program,
               mail.ReversePath ? mail.ReversePath->c_str() : mail.FromAddress.c_str(),
               (mail.ToAddress + ", " + mail.CCAddress + ", " + mail.BCCAddress).c_str());
  const std::string text = mail.Render();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? kSent : kInDoubt;
}

bool Prepare(const Options& options, smtpoll::SecureSession& session) {
  using smtpoll::Security;
  session.UserName = options.user;
  session.Password = options.password;
  session.ClientName = options.helo;
  session.CertificateAuthorityFile = options.authority_file;
  session.InsecureAcceptAnyCertificate = options.insecure;
  session.AllRecipientsOrNone = options.all_or_none;
  const bool required = options.tls == "required" || (options.tls == "auto" && !options.user.empty());
  session.Security = options.implicit_tls     ? Security::ImplicitTLS
                     : required               ? Security::Required
                     : options.tls == "never" ? Security::NoneAllowed
                                              : Security::Opportunistic;
  session.AllowPlaintextCredentials = options.tls == "never" && !options.implicit_tls;
  session.SSLEnabled = session.Security != Security::NoneAllowed;
  if (options.timeout != 0) {
    smtpoll::Timeouts& all = session.Timeouts;
    for (smtpoll::Millis* one : {&all.connect, &all.greeting, &all.hello, &all.tls, &all.authentication, &all.mail,
                                 &all.recipient, &all.data, &all.content, &all.content_end, &all.reset, &all.quit})
      *one = smtpoll::Millis{options.timeout} * 1000;
  }
  for (int i = 0; i < static_cast<int>(smtpoll::AuthMechanism::Any); ++i)
    if (Name(static_cast<smtpoll::AuthMechanism>(i)) == options.mechanism)
      session.Mechanism = static_cast<smtpoll::AuthMechanism>(i);
  return options.mechanism.empty() || session.Mechanism != smtpoll::AuthMechanism::Any;
}

int Send(const Options& options, const smtpoll::EmailMessage& mail) {
  smtpoll::SecureSession session;
  if (!Prepare(options, session)) return Complain(kSettings, "no mechanism is called " + options.mechanism);
  ProgressBar bar(IsTerminal(stderr) && !options.verbose);
  session.SendProgress = [&bar](std::size_t chunk, std::size_t left) {
    bar.Show(chunk, left);
    return false;
  };
  if (options.verbose) {
    session.Transcript = [](smtpoll::Side side, const std::string& line) {
      std::fprintf(stderr, "%s %s\n", side == smtpoll::Side::Client ? ">" : "<", line.c_str());
    };
  }
  const std::uint16_t usual = options.implicit_tls ? 465 : options.user.empty() ? 25 : 587;
  int code = kSent;
  if (const smtpoll::Error error = session.Connect(options.host, options.port != 0 ? options.port : usual)) {
    code = Complain(CodeOf(error), error);
  } else {
    const smtpoll::SendResult& result = session.Send(mail);
    bar.End();
    code = CodeOf(result);
    for (const smtpoll::RecipientResult& recipient : result.recipients) {
      if (recipient.outcome == smtpoll::Outcome::Sent || recipient.reply_code / 100 == 2 || recipient.reply_code == 0)
        continue;
      std::fprintf(stderr, "%s: %s: %s, %d %s\n", program, recipient.mailbox.c_str(), Name(recipient.outcome),
                   recipient.reply_code, recipient.text.c_str());
    }
    if (!result.Sent()) code = Complain(CodeOf(result), result.error);
    if (result.Sent() && (options.verbose || IsTerminal(stderr)))
      std::fprintf(stderr, "%s: sent, %s\n", program, result.server_text.c_str());
    session.Quit();
  }
  if (options.report) std::printf("%s\n", ToJson(session.Explain()).c_str());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseArguments(argc, argv);
  if (options.sendmail) program = "sendmail";
  if (!options.fault.empty()) return Complain(kUsage, options.fault + "; --help says what there is");
  if (options.help) PrintHelp(stdout);
  if (options.version) std::printf("smtpoll_send %s\n", smtpoll::Version());
  if (options.idle) std::printf("Mail queue is empty\n");
  if (options.help || options.version || options.idle) return kSent;

  const Addresses addresses(options.domain.empty() ? machine::HostName() : options.domain, options.aliases);
  smtpoll::EmailMessage mail;
  mail.FromAddress = addresses.Complete(options.from.empty() ? machine::LoginName() : options.from, false);
  if (!options.from_name.empty()) mail.FromAddress = machine::Named(options.from_name, mail.FromAddress);
  mail.ToAddress = addresses.Complete(options.to, true);
  mail.CCAddress = addresses.Complete(options.cc, true);
  mail.BCCAddress = addresses.Complete(options.bcc, true);
  mail.Notify = options.notify;
  mail.EnvelopeID = options.envelope_id;
  mail.Options.unoffered = smtpoll::Unoffered::Drop;
  if (options.has_reverse_path)
    mail.ReversePath = options.reverse_path.empty() ? "" : AddressIn(addresses.Complete(options.reverse_path, false));
  else if (options.ready_made && !options.from.empty())
    mail.ReversePath = AddressIn(mail.FromAddress);  // its From may be another

  const int code = options.ready_made ? Read(options, addresses, mail) : Make(options, mail);
  if (code != kSent) return code;
  if ((mail.ToAddress + mail.CCAddress + mail.BCCAddress).empty())
    return Complain(kUsage, "there is no recipient; --help says how to name one");
  if (options.dry_run) return Show(mail);
  return Send(options, mail);
}
