// What smtpoll_send is asked to do: options by one table (which is the help too), the same names in a configuration
// file, and the arguments of sendmail.
#pragma once

#include <smtpoll/smtpoll.hpp>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "text.hpp"

struct Options {
  // Where to, and as whom.
  std::string server = "smtp://localhost";
  std::string host;
  std::uint16_t port = 0;
  bool implicit_tls = false;
  std::string tls = "auto";
  std::string user, password, mechanism, authority_file, helo;
  bool insecure = false;
  long timeout = 0;  // seconds

  // The envelope.
  std::string from, from_name, to, cc, bcc, domain;
  std::string reverse_path;
  bool has_reverse_path = false;
  std::map<std::string, std::string> aliases;
  bool all_or_none = false;
  smtpoll::DsnNotify notify = smtpoll::DsnNotify::Unset;
  std::string envelope_id;

  // The message: made of these, or read as it is.
  std::string subject, body, html;
  std::vector<std::string> attachments;
  std::vector<std::pair<std::string, std::string>> headers;
  bool body_from_stdin = false;
  bool ready_made = false;
  std::string message_file = "-";
  bool dot_ends = false;

  // The recipients stand in the header of the ready-made message.
  bool recipients_from_header = false;

  bool sendmail = false, dry_run = false, verbose = false, report = false, help = false, version = false;
  bool idle = false;  // sendmail's other jobs, of which there is nothing to do
  std::string fault;  // why the arguments cannot be used; empty where they can
};

struct OptionRule {
  const char* name;
  const char* value;  // nullptr where it takes none
  const char* help;
  bool (*take)(Options& options, const std::string& value);
};

inline bool Append(std::string& list, const std::string& address) {
  list.append(list.empty() ? "" : ", ").append(address);
  return true;
}

/// `smtp://[user[:password]@]host[:port]` or `smtps://...`; user and password may have %XX in them.
inline bool TakeServer(Options& options, const std::string& url) {
  options.server = url;
  std::string rest = url;
  options.implicit_tls = rest.rfind("smtps://", 0) == 0;
  if (!options.implicit_tls && rest.rfind("smtp://", 0) != 0) return false;
  rest.erase(0, options.implicit_tls ? 8 : 7);
  while (!rest.empty() && rest.back() == '/') rest.pop_back();
  if (const std::size_t at = rest.rfind('@'); at != std::string::npos) {
    const std::string who = rest.substr(0, at);
    const std::size_t colon = who.find(':');
    if (!Unescape(who.substr(0, colon), options.user)) return false;
    if (colon != std::string::npos && !Unescape(who.substr(colon + 1), options.password)) return false;
    rest.erase(0, at + 1);
  }
  options.port = 0;
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string::npos && rest.find(']', colon) == std::string::npos) {
    std::uint64_t port = 0;
    if (!smtpoll::detail::ParseDecimal(rest.substr(colon + 1), port) || port == 0 || port > 65535) return false;
    options.port = static_cast<std::uint16_t>(port);
    rest.erase(colon);
  }
  options.host = rest;
  return !rest.empty();
}

/// `user` or `user:password`.
inline bool TakeUser(Options& options, const std::string& value) {
  const std::size_t colon = value.find(':');
  options.user = value.substr(0, colon);
  if (colon != std::string::npos) options.password = value.substr(colon + 1);
  return !options.user.empty();
}

inline bool TakePasswordFile(Options& options, const std::string& path) {
  std::ifstream file(path);
  return std::getline(file, options.password) && !options.password.empty();
}

inline bool TakeHeader(Options& options, const std::string& value) {
  const std::size_t colon = value.find(':');
  if (colon == std::string::npos || colon == 0) return false;
  // There is --bcc: whoever stands in a field is seen by all.
  if (smtpoll::detail::EqualIgnoringCase(value.substr(0, colon), "Bcc")) return false;
  options.headers.emplace_back(value.substr(0, colon), Trimmed(value.substr(colon + 1)));
  return true;
}

inline bool TakeAlias(Options& options, const std::string& value) {
  const std::size_t equals = value.find('=');
  if (equals == std::string::npos || equals == 0) return false;
  options.aliases[value.substr(0, equals)] = value.substr(equals + 1);
  return true;
}

inline bool TakeTls(Options& options, const std::string& value) {
  options.tls = value;
  return value == "auto" || value == "required" || value == "offered" || value == "never";
}

inline bool TakeTimeout(Options& options, const std::string& value) {
  std::uint64_t seconds = 0;
  if (!smtpoll::detail::ParseDecimal(value, seconds) || seconds == 0 || seconds > 86400) return false;
  options.timeout = static_cast<long>(seconds);
  return true;
}

inline bool Keep(std::string& into, const std::string& value) {
  into = value;
  return true;
}

inline const OptionRule kOptionRules[] = {
    {"server", "URL", "smtp://[user[:password]@]host[:port], or smtps:// for TLS from the first byte on", TakeServer},
    {"auth", "USER[:PASSWORD]", "log in; the password can come from SMTP_PASSWORD or a file too", TakeUser},
    {"password-file", "FILE", "its first line is the password", TakePasswordFile},
    {"mechanism", "NAME", "the only SASL mechanism, such as SCRAM-SHA-256",
     [](Options& o, const std::string& v) { return Keep(o.mechanism, v); }},
    {"tls", "HOW", "auto (required with --auth, else offered), required, offered, never", TakeTls},
    {"ca", "FILE", "certificates to trust instead of the system's",
     [](Options& o, const std::string& v) { return Keep(o.authority_file, v); }},
    {"insecure", nullptr, "take any certificate", [](Options& o, const std::string&) { return o.insecure = true; }},
    {"helo", "NAME", "how to say hello", [](Options& o, const std::string& v) { return Keep(o.helo, v); }},
    {"timeout", "SECONDS", "for each step", TakeTimeout},
    {"from", "ADDRESS", "the author, and the sender of the envelope",
     [](Options& o, const std::string& v) { return Keep(o.from, v); }},
    {"sender", "ADDRESS", "the sender of the envelope where it is another; empty for none",
     [](Options& o, const std::string& v) { return o.has_reverse_path = Keep(o.reverse_path, v); }},
    {"to", "ADDRESSES", "may come more than once, as --cc and --bcc",
     [](Options& o, const std::string& v) { return Append(o.to, v); }},
    {"cc", "ADDRESSES", "", [](Options& o, const std::string& v) { return Append(o.cc, v); }},
    {"bcc", "ADDRESSES", "", [](Options& o, const std::string& v) { return Append(o.bcc, v); }},
    {"domain", "NAME", "of addresses that have none; else this machine's name",
     [](Options& o, const std::string& v) { return Keep(o.domain, v); }},
    {"alias", "NAME=ADDRESS", "where mail for NAME goes, such as root=me@example.org", TakeAlias},
    {"all-or-none", nullptr, "one refused recipient refuses the message",
     [](Options& o, const std::string&) { return o.all_or_none = true; }},
    {"subject", "TEXT", "", [](Options& o, const std::string& v) { return Keep(o.subject, v); }},
    {"body", "TEXT", "", [](Options& o, const std::string& v) { return Keep(o.body, v); }},
    {"html", "TEXT", "", [](Options& o, const std::string& v) { return Keep(o.html, v); }},
    {"stdin", nullptr, "the body comes from standard input",
     [](Options& o, const std::string&) { return o.body_from_stdin = true; }},
    {"attach", "FILE", "may come more than once",
     [](Options& o, const std::string& v) {
       o.attachments.push_back(v);
       return true;
     }},
    {"header", "\"NAME: VALUE\"", "a further field, or one in the place of ours", TakeHeader},
    {"eml", "FILE", "a ready-made message, - for standard input; without --to its header says to whom",
     [](Options& o, const std::string& v) { return o.ready_made = Keep(o.message_file, v); }},
    {"dry-run", nullptr, "print the message instead of sending it",
     [](Options& o, const std::string&) { return o.dry_run = true; }},
    {"verbose", nullptr, "show the dialogue", [](Options& o, const std::string&) { return o.verbose = true; }},
    {"report", nullptr, "say in JSON what the connection did",
     [](Options& o, const std::string&) { return o.report = true; }},
    {"sendmail", nullptr, "take sendmail's arguments and a message on standard input",
     [](Options& o, const std::string&) { return o.sendmail = true; }},
    {"config", "FILE", "options, one a line without dashes; else /etc/smtpoll_send.conf and ~/.smtpoll_send.conf",
     [](Options&, const std::string&) { return true; }},
    {"help", nullptr, "", [](Options& o, const std::string&) { return o.help = true; }},
    {"version", nullptr, "", [](Options& o, const std::string&) { return o.version = true; }},
};

/// Takes one option by its name; `value` is null where none was given. False: see Options::fault.
inline bool TakeOption(Options& options, const std::string& name, const std::string* value) {
  for (const OptionRule& rule : kOptionRules) {
    if (name != rule.name) continue;
    if ((rule.value == nullptr) != (value == nullptr))
      options.fault = name + (value == nullptr ? " needs a value" : " takes no value");
    else if (!rule.take(options, value == nullptr ? std::string() : *value))
      options.fault = name == "auth" || name == "server" ? name + " cannot be read" : name + " cannot be " + *value;
    return options.fault.empty();
  }
  options.fault = "there is no option " + name;
  return false;
}

inline bool NeedsValue(const std::string& name) {
  for (const OptionRule& rule : kOptionRules)
    if (name == rule.name) return rule.value != nullptr;
  return false;
}

/// Reads a file of options; a file that is not there is none. False: see Options::fault.
inline bool TakeConfiguration(Options& options, const std::string& path, bool must_be_there) {
  std::ifstream file(path);
  if (!file && must_be_there) options.fault = "cannot read " + path;
  std::string line;
  while (options.fault.empty() && std::getline(file, line)) {
    line = Trimmed(line);
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.find_first_of(" \t");
    const std::string value = space == std::string::npos ? std::string() : Trimmed(line.substr(space));
    if (!TakeOption(options, line.substr(0, space), space == std::string::npos ? nullptr : &value))
      options.fault = path + ": " + options.fault;
  }
  return options.fault.empty();
}
