// The command line: `--name value`, `--name=value` and recipients, or, where sendmail is meant, its options of one
// letter. It is meant by --sendmail, by the program's name, and by any argument of one dash.
#pragma once

#include "options.hpp"

namespace arguments {

inline std::string BaseName(const std::string& path) { return path.substr(path.find_last_of("/\\") + 1); }

/// NOTIFY as sendmail's -N has it.
inline smtpoll::DsnNotify NotifyOf(const std::string& words) {
  using smtpoll::DsnNotify;
  DsnNotify notify = DsnNotify::Unset;
  if (words.find("never") != std::string::npos) return DsnNotify::Never;
  if (words.find("success") != std::string::npos) notify = notify | DsnNotify::Success;
  if (words.find("failure") != std::string::npos) notify = notify | DsnNotify::Failure;
  if (words.find("delay") != std::string::npos) notify = notify | DsnNotify::Delay;
  return notify;
}

/// One letter of sendmail's with its value. What is about a queue or a daemon that is not here has no effect.
inline void TakeLetter(Options& options, char letter, const std::string& value) {
  switch (letter) {
    case 't': options.recipients_from_header = true; return;
    case 'i': options.dot_ends = false; return;
    case 'f':
    case 'r':
      options.reverse_path = value == "<>" ? std::string() : value;
      options.has_reverse_path = true;
      return;
    case 'F': options.from_name = value; return;
    case 'v': options.verbose = true; return;
    case 'N': options.notify = NotifyOf(value); return;
    case 'V': options.envelope_id = value; return;
    case 'C': return;  // a configuration of sendmail's
    case 'o':
      if (value == "i") options.dot_ends = false;
      return;
    case 'O':
      if (value.rfind("IgnoreDots", 0) == 0) options.dot_ends = false;
      return;
    case 'b':
      if (value == "p" || value == "i") options.idle = true;
      if (value != "p" && value != "i" && value != "m") options.fault = "-b" + value + " is not for this program";
      return;
    case 'q': options.idle = true; return;  // run the queue
    default: return;
  }
}

/// The letters behind one dash; true where the next argument belongs to them.
inline bool TakeLetters(Options& options, const std::string& letters, const char* next) {
  static const std::string kWithValue = "BbCFfhLNOoRrVXp", kFlags = "GIimnstUvc";
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const char letter = letters[i];
    const std::string rest = letters.substr(i + 1);
    if (letter == 'q' || letter == 'e' || letter == 'd') {
      TakeLetter(options, letter, rest);  // what follows belongs to it, if anything does
      return false;
    }
    if (kWithValue.find(letter) != std::string::npos) {
      if (rest.empty() && next == nullptr) options.fault = std::string("-") + letter + " needs a value";
      TakeLetter(options, letter, rest.empty() && next != nullptr ? next : rest);
      return rest.empty();
    }
    if (kFlags.find(letter) == std::string::npos) options.fault = std::string("there is no option -") + letter;
    TakeLetter(options, letter, {});
  }
  return false;
}

}  // namespace arguments

/// What `argv` asks for, behind what the configuration says.
inline Options ParseArguments(int argc, char** argv) {
  Options options;
  TakeServer(options, options.server);
  const std::string name = arguments::BaseName(argc > 0 ? argv[0] : "");
  options.sendmail = name == "sendmail" || name == "mailq" || name == "newaliases";
  options.idle = name == "mailq" || name == "newaliases";

  const char* named = std::getenv("SMTPOLL_SEND_CONFIG");
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--config" && i + 1 < argc) named = argv[i + 1];
    if (argument.rfind("--config=", 0) == 0) named = argv[i] + 9;
    const bool letters = argument.size() > 1 && argument[0] == '-' && argument[1] != '-';
    if (argument == "--") break;
    if (argument == "--sendmail" || letters) options.sendmail = true;
    if (argument.rfind("--", 0) == 0 && NeedsValue(argument.substr(2))) ++i;
  }
  options.dot_ends = options.sendmail;
  const char* home = std::getenv("HOME");
  if (named != nullptr)
    TakeConfiguration(options, named, true);
  else if (TakeConfiguration(options, "/etc/smtpoll_send.conf", false) && home != nullptr)
    TakeConfiguration(options, std::string(home) + "/.smtpoll_send.conf", false);
  if (const char* url = std::getenv("SMTP_SERVER"))
    if (options.fault.empty() && !TakeServer(options, url)) options.fault = "SMTP_SERVER cannot be read";
  if (const char* password = std::getenv("SMTP_PASSWORD")) options.password = password;

  bool only_recipients = false;
  for (int i = 1; i < argc && options.fault.empty(); ++i) {
    const std::string argument = argv[i];
    const char* const next = i + 1 < argc ? argv[i + 1] : nullptr;
    if (only_recipients || argument.size() < 2 || argument[0] != '-') {
      Append(options.to, argument);
    } else if (argument == "--") {
      only_recipients = true;
    } else if (argument[1] != '-') {
      if (arguments::TakeLetters(options, argument.substr(1), next)) ++i;
    } else {
      const std::size_t equals = argument.find('=');
      const std::string option = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
      std::string value = equals == std::string::npos ? std::string() : argument.substr(equals + 1);
      bool has_value = equals != std::string::npos;
      if (!has_value && NeedsValue(option) && next != nullptr) {
        value = next;
        has_value = true;
        ++i;
      }
      if (!TakeOption(options, option, has_value ? &value : nullptr)) options.fault.insert(0, "--");
    }
  }
  if (options.sendmail) options.ready_made = true;
  // Options of sendmail's that come before -t, and addresses beside it, are all recipients.
  if (options.ready_made && options.to.empty() && options.cc.empty() && options.bcc.empty() && !options.sendmail)
    options.recipients_from_header = true;
  return options;
}

inline void PrintHelp(std::FILE* to) {
  std::fprintf(to,
               "usage: smtpoll_send --from ADDRESS --to ADDRESS [--server URL] [OPTION...] [RECIPIENT...]\n"
               "       sendmail [-t] [-i] [-f SENDER] [RECIPIENT...] <MESSAGE\n");
  for (const OptionRule& rule : kOptionRules) {
    const std::string shown =
        std::string(rule.name) + (rule.value == nullptr ? "" : " ") + (rule.value == nullptr ? "" : rule.value);
    std::fprintf(to, "  --%-24s %s\n", shown.c_str(), rule.help);
  }
  std::fprintf(to,
               "Exit codes are those of sysexits.h: 0 sent, 64 usage, 65 message, 66 input, 67 recipient, 68 no such "
               "host, 69 refused,\n74 in doubt, 75 later, 76 protocol or TLS, 77 login, 78 settings.\n");
}
