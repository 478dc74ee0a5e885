// A queue in a folder that survives whatever happens to the process: one file a message, and a rename is what counts.
//
// usage: spool FOLDER put FROM TO... <MESSAGE        commits the message on standard input
//        spool FOLDER send HOST PORT [HOST PORT...]  sends all there is, with retries, and ends when nothing is left
//
// new/ holds what waits, sending/ what may be on its way, failed/ what was refused, tmp/ what was never committed. Who
// finds a file in sending/ after a crash cannot know whether it has arrived: it goes again, and may arrive twice.
#include <smtpoll/smtpoll.hpp>

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using smtpoll::EmailMessage;
using smtpoll::SendResult;

/// What was written to a file is on the disk when this returns true; for a folder, the names in it are.
bool Sync(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool synced = fsync(file) == 0;
  close(file);
  return synced;
}

/// A file of the spool: the reverse-path, the recipients, a line each; an empty line; the message.
struct Entry {
  std::string from;
  std::vector<std::string> to;
  std::string message;
};

bool Read(const fs::path& path, Entry& entry) {
  std::ifstream file(path, std::ios::binary);
  std::getline(file, entry.from);
  for (std::string line; std::getline(file, line) && !line.empty();) entry.to.push_back(line);
  entry.message.assign(std::istreambuf_iterator<char>(file), {});
  return static_cast<bool>(file) && !entry.to.empty();
}

class Spool {
 public:
  explicit Spool(fs::path folder) : folder_(std::move(folder)) {
    for (const char* name : {"tmp", "new", "sending", "failed"}) fs::create_directories(folder_ / name);
  }

  /// Commits `entry`, in the place of what stood in new/ under that name.
  bool Put(const std::string& name, const Entry& entry) {
    std::ofstream file(folder_ / "tmp" / name, std::ios::binary);
    file << entry.from << '\n';
    for (const std::string& to : entry.to) file << to << '\n';
    file << '\n' << entry.message;
    file.close();
    if (!file || !Sync(folder_ / "tmp" / name)) return false;
    Move(name, "tmp", "new");
    return Sync(folder_ / "new");
  }

  /// Exit code: 0 where all was sent.
  int Send(const std::vector<smtpoll::Relay>& relays) {
    for (const std::string& name : Names("sending")) Move(name, "sending", "new");
    queue_.Relays = relays;
    queue_.Policy.FirstDelay = 1000;
    queue_.Policy.SendInDoubtAgain = true;
    queue_.MessageFinished = [this](const EmailMessage& mail, const SendResult& result) { Finished(mail, result); };
    queue_.MessageDeferred = [this](const EmailMessage& mail, const SendResult&, smtpoll::Millis) { Deferred(mail); };
    queue_.Error = [](const smtpoll::Error& error) { std::cerr << ToString(error) << '\n'; };
    do {
      Fill();
      queue_.SendMail();
    } while (queue_.Poll(-1) || (queue_.Messages.empty() && !Names("new").empty()));
    for (const EmailMessage& mail : queue_.Messages) Move(mail.Tag, "sending", "new");
    return failed_ == 0 && queue_.Messages.empty() ? 0 : 1;
  }

 private:
  /// Takes as many messages in hand as are on their way at once. From now on they may have been sent.
  void Fill() {
    if (queue_.Messages.Count() + queue_.Waiting.size() >= kInHand / 2) return;
    std::vector<std::string> names = Names("new");
    names.resize(std::min(names.size(), kInHand - queue_.Waiting.size()));
    for (const std::string& name : names) {
      Move(name, "new", "sending");
      Entry entry;
      if (!Read(folder_ / "sending" / name, entry)) {
        ++failed_;
        Move(name, "sending", "failed");
        continue;
      }
      EmailMessage mail;
      mail.Tag = name;
      mail.ReversePath = entry.from;
      for (const std::string& to : entry.to) mail.AddBCCRecipient(to);
      mail.Source = std::move(entry.message);
      queue_.Messages.Append(std::move(mail));
    }
  }

  void Finished(const EmailMessage& mail, const SendResult& result) {
    if (result.Sent()) {
      fs::remove(folder_ / "sending" / mail.Tag);
      return;
    }
    ++failed_;
    std::cerr << mail.Tag << ": " << Name(result.outcome) << ": " << ToString(result.error) << '\n';
    Move(mail.Tag, "sending", "failed");
  }

  /// Those who have it, or never will, are not asked again after a crash either.
  void Deferred(const EmailMessage& mail) {
    Entry entry;
    if (mail.Settled.empty() || !Read(folder_ / "sending" / mail.Tag, entry)) return;
    const auto settled = [&](const std::string& to) {
      return std::find(mail.Settled.begin(), mail.Settled.end(), to) != mail.Settled.end();
    };
    entry.to.erase(std::remove_if(entry.to.begin(), entry.to.end(), settled), entry.to.end());
    if (Put(mail.Tag, entry)) Move(mail.Tag, "new", "sending");
  }

  std::vector<std::string> Names(const char* folder) const {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_ / folder))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  void Move(const std::string& name, const char* from, const char* to) const {
    fs::rename(folder_ / from / name, folder_ / to / name);
  }

  static constexpr std::size_t kInHand = 32;

  fs::path folder_;
  smtpoll::RetryQueue queue_;
  int failed_ = 0;
};

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  if (arguments.size() >= 4 && arguments[1] == "put") {
    Entry entry{arguments[2], {arguments.begin() + 3, arguments.end()}, {}};
    entry.message.assign(std::istreambuf_iterator<char>(std::cin), {});
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    return Spool(arguments[0]).Put(std::to_string(now) + "." + std::to_string(getpid()), entry) ? 0 : 1;
  }
  if (arguments.size() >= 4 && arguments.size() % 2 == 0 && arguments[1] == "send") {
    std::vector<smtpoll::Relay> relays;
    for (std::size_t i = 2; i < arguments.size(); i += 2)
      relays.push_back({arguments[i], static_cast<std::uint16_t>(std::atoi(arguments[i + 1].c_str()))});
    return Spool(arguments[0]).Send(relays);
  }
  std::cerr << "usage: spool FOLDER put FROM TO... <MESSAGE | spool FOLDER send HOST PORT [HOST PORT...]\n";
  return 2;
}

#else
int main() { return 0; }
#endif
