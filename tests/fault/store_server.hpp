// The server of the fault tests: it keeps what it took, and notes of every try of a message what it answered and where
// in its stream of replies each answer ends. With what the client has read of that stream, the notes say what a client
// may know, without asking the client.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fault {

/// What a message must be called, by what passed over the wire.
enum class Known { Queued, Sent, Refused, InDoubt };

/// An answer to a command of a transaction.
struct Answer {
  enum class To { Mail, Recipient, Data, Content };
  To to;
  int code;
  std::size_t end;  // position behind it in the session's stream of replies
};

/// One transaction, as far as it came.
struct Try {
  std::string sender;
  std::size_t session;
  std::vector<Answer> answers;
  bool content_came = false;  // all of it
};

struct Stored {
  std::string sender;
  std::vector<std::string> recipients;
  std::string content;
};

struct Manners {
  bool pipelining = false;
  bool chunking = false;
  bool starttls = false;
  bool refuses = true;  // recipients named refused, and content of senders named unwelcome
};

class StoreServer {
 public:
  Manners manners;
  std::vector<Stored> store;
  std::vector<Try> tries;
  /// At this command of a session it says `last_words`, takes nothing more and closes; 0 for never.
  int closes_at = 0;
  std::string last_words;

  /// A new connection; the greeting is in Replies().
  void Connect() {
    delivered_.push_back(0);
    pending_.clear();
    replies_.clear();
    Forget();
    said_ = 0;
    commands_ = 0;
    left_at_ = 0;
    in_data_ = gone_ = wants_tls_ = false;
    Say("220 mx.test\r\n");
  }
  void Take(std::string_view bytes) {
    pending_.append(bytes);
    while (!wants_tls_ && Step()) continue;
  }
  /// What it has said and nobody has taken yet.
  std::string& Replies() { return replies_; }
  /// All that it has said in this session, bytes.
  std::size_t Said() const { return said_; }
  /// The client has read so much of that.
  void Delivered(std::size_t size) { delivered_.back() = size; }
  /// An answer to nothing.
  void SayEarly(std::string_view reply) {
    if (!gone_) Say(reply);
  }
  /// It is gone: what comes is looked at for the notes only.
  void Leave() { gone_ = true; }
  bool Gone() const { return gone_; }
  /// STARTTLS was said: what comes next is TLS.
  bool WantsTls() const { return wants_tls_; }
  void TlsStands() {
    wants_tls_ = false;
    Forget();
  }

  /// By the newest try of `sender`'s message.
  Known WhatIsKnown(const std::string& sender) const {
    const Try* newest = nullptr;
    for (const Try& one : tries)
      if (one.sender == sender) newest = &one;
    if (newest == nullptr) return Known::Queued;
    std::size_t recipients = 0, refused = 0;
    for (const Answer& answer : newest->answers) {
      if (answer.end > delivered_[newest->session]) break;
      if (answer.code == 421) return Known::Queued;  // the session is over, and the answer to this message is no
      const bool no = answer.code >= 400;
      if (answer.to == Answer::To::Content && !no) return Known::Sent;
      if (answer.to != Answer::To::Recipient && no) return Known::Refused;
      if (answer.to == Answer::To::Recipient) {
        ++recipients;
        refused += no;
        if (recipients == refused && recipients == kAsked(newest->sender)) return Known::Refused;
      }
    }
    return newest->content_came ? Known::InDoubt : Known::Queued;
  }

  /// How many recipients the test gives to the message of `sender`.
  static std::size_t kAsked(const std::string& sender) { return sender.substr(0, 4) == "two." ? 2 : 1; }

 private:
  void Say(std::string_view reply) {
    replies_.append(reply);
    said_ += reply.size();
  }

  void Answer_(Answer::To to, int code, std::string_view text) {
    if (gone_) return;
    Say(std::to_string(code) + " " + std::string(text) + "\r\n");
    if (!tries.empty() && in_transaction_) tries.back().answers.push_back({to, code, said_});
  }

  /// Counts a command; true where the server is gone and answers nothing.
  bool Leaves(Answer::To to, bool in_transaction) {
    if (!gone_ && closes_at != 0 && ++commands_ == closes_at) {
      if (!last_words.empty()) {
        Say(last_words);
        // What goes before an envelope, a RSET, is answered for it: nothing behind a 421 is done.
        if (in_transaction)
          tries.back().answers.push_back({to, 421, said_});
        else
          left_at_ = said_;
      }
      gone_ = true;
    }
    return gone_;
  }

  bool Step() {
    if (in_data_) {
      const std::size_t end = pending_.compare(0, 3, ".\r\n") == 0 ? 0 : pending_.find("\r\n.\r\n");
      if (end == std::string::npos) return false;
      content_ = "\r\n" + pending_.substr(0, end == 0 ? 0 : end + 2);
      pending_.erase(0, end == 0 ? 3 : end + 5);
      for (std::size_t at = 0; (at = content_.find("\r\n.", at)) != std::string::npos; at += 2)
        content_.erase(at + 2, 1);
      content_.erase(0, 2);
      in_data_ = false;
      tries.back().content_came = true;
      if (!Leaves(Answer::To::Content, true)) Finish();
      return true;
    }
    const std::size_t end = pending_.find("\r\n");
    if (end == std::string::npos) return false;
    const std::string line = pending_.substr(0, end);
    if (line.compare(0, 5, "BDAT ") == 0) {
      const std::size_t size = std::stoul(line.substr(5));
      if (pending_.size() < end + 2 + size) return false;
      content_ += pending_.substr(end + 2, size);
      pending_.erase(0, end + 2 + size);
      const bool last = line.find(" LAST") != std::string::npos;
      tries.back().content_came = last;
      if (Leaves(Answer::To::Content, in_transaction_)) return true;
      if (recipients_.empty())
        Answer_(last ? Answer::To::Content : Answer::To::Data, 503, "5.5.1 no recipient");
      else if (last)
        Finish();
      else
        Answer_(Answer::To::Data, 250, "chunk");
      return true;
    }
    pending_.erase(0, end + 2);
    Command(line);
    return true;
  }

  void Command(const std::string& line) {
    if (line.compare(0, 4, "MAIL") == 0) {
      const std::string sender = line.substr(11, line.find('>') - 11);
      tries.push_back({sender, delivered_.size() - 1, {}, false});
      recipients_.clear();
      content_.clear();
      in_transaction_ = true;
      if (left_at_ != 0) tries.back().answers.push_back({Answer::To::Mail, 421, left_at_});
      left_at_ = 0;
      if (Leaves(Answer::To::Mail, true)) return;
      sender_ = sender;
      return Answer_(Answer::To::Mail, 250, "sender");
    }
    const bool recipient = line.compare(0, 4, "RCPT") == 0, data = line == "DATA";
    if (Leaves(recipient ? Answer::To::Recipient : Answer::To::Data, in_transaction_ && (recipient || data))) return;
    if (recipient) {
      const std::string mailbox = line.substr(9, line.find('>') - 9);
      if (manners.refuses && mailbox.compare(0, 7, "refused") == 0)
        return Answer_(Answer::To::Recipient, 550, "5.1.1 no such user");
      recipients_.push_back(mailbox);
      return Answer_(Answer::To::Recipient, 250, "recipient");
    }
    if (data) {
      if (recipients_.empty()) return Answer_(Answer::To::Data, 554, "5.5.1 no recipient");
      in_data_ = true;
      return Answer_(Answer::To::Data, 354, "go on");
    }
    if (line == "RSET") {
      Forget();
      return Say("250 reset\r\n");
    }
    if (line == "QUIT") {
      Say("221 bye\r\n");
      gone_ = true;
      return;
    }
    if (line == "STARTTLS") {
      wants_tls_ = true;
      return Say("220 go on\r\n");
    }
    if (line.compare(0, 4, "EHLO") == 0) {
      std::string reply = "250-mx.test\r\n";
      if (manners.pipelining) reply += "250-PIPELINING\r\n";
      if (manners.chunking) reply += "250-CHUNKING\r\n";
      if (manners.starttls) reply += "250-STARTTLS\r\n";
      return Say(reply + "250 ENHANCEDSTATUSCODES\r\n");
    }
    Say("500 what?\r\n");
  }

  void Finish() {
    if (manners.refuses && sender_.compare(0, 9, "unwelcome") == 0) {
      Answer_(Answer::To::Content, 554, "5.7.1 not wanted");
    } else {
      store.push_back({sender_, recipients_, content_});
      Answer_(Answer::To::Content, 250, "stored");
    }
    Forget();
  }

  void Forget() {
    recipients_.clear();
    content_.clear();
    in_transaction_ = false;
  }

  std::string pending_, replies_, sender_, content_;
  std::vector<std::string> recipients_;
  std::vector<std::size_t> delivered_;  // of each session
  std::size_t said_ = 0;
  std::size_t left_at_ = 0;  // the end of a 421 to a command before an envelope
  int commands_ = 0;
  bool in_data_ = false, in_transaction_ = false, gone_ = false, wants_tls_ = false;
};

}  // namespace fault
