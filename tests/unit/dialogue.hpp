// A scripted SMTP dialogue: plays the server against an Engine and checks every line that the client says.
// Each script runs whole, byte by byte and in odd pieces, and must give the same events each time.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "smtpoll/protocol/engine.hpp"

namespace dialogue {

struct Mail {
  std::string reverse_path = "a@x.org";
  std::vector<std::string> recipients = {"b@y.org"};
  std::string content = "Subject: hi\r\n\r\nbody\r\n";
  smtpoll::BodyType body = smtpoll::BodyType::SevenBit;
  smtpoll::DsnNotify notify = smtpoll::DsnNotify::Unset;
  std::string original_recipient;
  std::string envelope_id;
  smtpoll::DeliveryOptions options;
};

/// `Server("220 hi").Expect("EHLO me").Reply("250 ok")...`; Run plays it. A line that the client says but nobody
/// expects fails the test, and so does one that never comes.
class Script {
 public:
  Script& Server(std::string_view lines) { return Add(Kind::Server, lines); }
  Script& Reply(std::string_view lines) { return Add(Kind::Server, lines); }
  Script& Expect(std::string_view line) { return Add(Kind::Client, line); }
  /// The server closes the connection.
  Script& Close() { return Add(Kind::Close, ""); }
  /// So many milliseconds go by.
  Script& Wait(smtpoll::Millis time) {
    Add(Kind::Wait, "");
    steps_.back().time = time;
    return *this;
  }
  /// What opens nearly every session.
  Script& Opening(std::string_view keywords = "") {
    return Server("220 mx.y.org ESMTP")
        .Expect("EHLO me.x.org")
        .Reply(keywords.empty() ? "250 mx.y.org" : "250-mx.y.org\r\n" + std::string(keywords));
  }
  Script& Envelope() {
    return Expect("MAIL FROM:<a@x.org>").Reply("250 2.1.0 ok").Expect("RCPT TO:<b@y.org>").Reply("250 2.1.5 ok");
  }
  Script& Content() {
    return Expect("DATA").Reply("354 go on").Expect("Subject: hi").Expect("").Expect("body").Expect(".");
  }
  Script& Quit() { return Expect("QUIT").Reply("221 bye"); }

  Script& Send(Mail mail) {
    mails_.push_back(std::move(mail));
    return *this;
  }
  smtpoll::SessionOptions options = DefaultOptions();
  std::size_t cancel_at_chunk = 0;    // counted from 1
  std::vector<std::string> commands;  // said before the first message
  std::size_t output_size = 2048;
  std::size_t window = 8;
  std::size_t in_flight = 1;

  /// Plays the script in three ways of splitting and returns the events told, one a line.
  std::string Run() {
    const std::string whole = RunSplit(SIZE_MAX);
    CHECK(RunSplit(1) == whole);
    CHECK(RunSplit(3) == whole);
    return whole;
  }

  /// Plays the script with every reply in one piece, for what depends on that.
  std::string RunWhole() { return RunSplit(SIZE_MAX); }

  /// What the transcript hook saw in the last run.
  std::string transcript;

 private:
  enum class Kind { Server, Client, Close, Wait };
  struct Step {
    Kind kind;
    std::string text;
    smtpoll::Millis time = 0;
  };

  static smtpoll::SessionOptions DefaultOptions() {
    smtpoll::SessionOptions result;
    result.client_name = "me.x.org";
    return result;
  }

  Script& Add(Kind kind, std::string_view text) {
    steps_.push_back({kind, std::string(text), 0});
    return *this;
  }

  std::string RunSplit(std::size_t split) {
    std::vector<char> input(1024), output(output_size);
    std::vector<smtpoll::AwaitedReply> ring(window);
    std::vector<smtpoll::Transaction> transactions(in_flight);
    smtpoll::Engine engine({input.data(), input.size()}, {output.data(), output.size()}, {ring.data(), ring.size()},
                           {transactions.data(), transactions.size()});
    transcript.clear();
    options.transcript.context = &transcript;
    options.transcript.show = [](void* context, smtpoll::Side side, std::string_view line) {
      static_cast<std::string*>(context)->append(side == smtpoll::Side::Client ? "> " : "< ").append(line).append("\n");
    };
    now_ = 0;
    next_mail_ = next_command_ = chunks_ = 0;
    said_.clear();
    events_.clear();
    recipients_.clear();
    engine.Start(options, now_);
    Drain(engine, split);
    for (const Step& step : steps_) {
      switch (step.kind) {
        case Kind::Server: Feed(engine, step.text + "\r\n", split); break;
        case Kind::Wait:
          now_ += step.time;
          Drain(engine, split);
          break;
        case Kind::Close:
          engine.Closed(smtpoll::Error(smtpoll::Errc::ConnectionLost, smtpoll::Phase::None));
          Drain(engine, split);
          break;
        case Kind::Client: {
          const std::size_t end = said_.find("\r\n");
          REQUIRE_MESSAGE(end != std::string::npos, "client did not say: " << step.text << ", after " << events_);
          CHECK(said_.substr(0, end) == step.text);
          said_.erase(0, end + 2);
          break;
        }
      }
    }
    CHECK_MESSAGE(said_.empty(), "client also said: " << said_);
    return events_;
  }

  void Feed(smtpoll::Engine& engine, std::string_view bytes, std::size_t split) {
    while (!bytes.empty() && !engine.IsOver()) {
      const smtpoll::Span<char> room = engine.Input();
      REQUIRE(!room.empty());
      const std::size_t size = std::min({bytes.size(), room.size(), split});
      bytes.copy(room.data(), size);
      bytes.remove_prefix(size);
      engine.Received(size);
      Drain(engine, split);
    }
  }

  /// Lets the engine go on until it waits for the server: events, output, the next message.
  void Drain(smtpoll::Engine& engine, std::size_t split) {
    for (;;) {
      const smtpoll::Event event = engine.Next(now_);
      if (event.kind != smtpoll::EventKind::None) {
        Tell(event);
        if (event.kind == smtpoll::EventKind::Ready && next_mail_ < mails_.size())
          StartMail(engine, mails_[next_mail_++]);
        if (event.kind == smtpoll::EventKind::Chunk && ++chunks_ == cancel_at_chunk) engine.Cancel();
        continue;
      }
      const smtpoll::Span<const char> bytes = engine.Output();
      if (!bytes.empty()) {
        const std::size_t size = std::min(bytes.size(), split);
        said_.append(bytes.data(), size);
        engine.Sent(size, now_);
        continue;
      }
      if (engine.NextDeadline() <= now_) continue;  // it has work to do
      if (!engine.Idle()) return;
      if (next_command_ < commands.size())
        CHECK(engine.Command(commands[next_command_++], now_));
      else if (next_mail_ == mails_.size())
        engine.Quit(now_);
      else
        StartMail(engine, mails_[next_mail_++]);
    }
  }

  void StartMail(smtpoll::Engine& engine, const Mail& mail) {
    recipients_.emplace_back();
    for (const std::string& recipient : mail.recipients)
      recipients_.back().push_back({recipient, mail.notify, mail.original_recipient});
    source_ = smtpoll::MemorySource(mail.content);
    const smtpoll::Envelope envelope{mail.reverse_path,
                                     {recipients_.back().data(), recipients_.back().size()},
                                     mail.body,
                                     false,
                                     mail.envelope_id,
                                     mail.options};
    const smtpoll::Error error = engine.Send(envelope, source_, now_);
    if (error) events_ += "NotSent " + Describe(error) + "\n";
  }

  static std::string Describe(const smtpoll::Error& error) {
    std::string text = std::to_string(error.ErrorNumber) + " " + smtpoll::Name(error.phase);
    if (!error.command.empty()) text.append(" [").append(error.command.View()).append("]");
    if (error.reply_code != 0) text.append(" ").append(std::to_string(error.reply_code));
    if (error.enhanced)
      text += " " + std::to_string(error.enhanced.status_class) + "." + std::to_string(error.enhanced.subject) + "." +
              std::to_string(error.enhanced.detail);
    if (!error.text.empty()) text.append(" ").append(error.text.View());
    return text;
  }

  void Tell(const smtpoll::Event& event) {
    using smtpoll::EventKind;
    const std::string reply = std::to_string(event.reply.code) + " " + std::string(event.reply.text);
    switch (event.kind) {
      case EventKind::None: return;
      case EventKind::Greeting: events_ += "Greeting " + reply; break;
      case EventKind::Hello: events_ += "Hello"; break;
      case EventKind::NeedTls: events_ += "NeedTls"; break;
      case EventKind::Authenticated: events_ += "Authenticated"; break;
      case EventKind::RecipientAccepted: events_ += "RecipientAccepted " + std::to_string(event.recipient); break;
      case EventKind::RecipientRefused:
        events_ += "RecipientRefused " + std::to_string(event.recipient) + " " + reply;
        break;
      case EventKind::Chunk:
      case EventKind::Ready: return;
      case EventKind::RecipientFinal:
        events_ += "RecipientFinal " + std::to_string(event.recipient) + " " + reply;
        break;
      case EventKind::CommandReply: events_ += "CommandReply " + reply; break;
      case EventKind::Accepted: events_ += "Accepted " + reply; break;
      case EventKind::Refused: events_ += "Refused " + Describe(*event.error); break;
      case EventKind::InDoubt: events_ += "InDoubt"; break;
      case EventKind::Returned: events_ += "Returned"; break;
      case EventKind::MustReconnect: events_ += "MustReconnect"; break;
      case EventKind::Failed: events_ += "Failed " + Describe(*event.error); break;
      case EventKind::Ended: events_ += "Ended"; break;
    }
    events_ += "\n";
  }

  std::vector<Step> steps_;
  std::vector<Mail> mails_;
  std::deque<std::vector<smtpoll::Recipient>> recipients_;
  smtpoll::MemorySource source_;
  std::size_t next_mail_ = 0;
  std::size_t next_command_ = 0;
  std::size_t chunks_ = 0;
  smtpoll::Millis now_ = 0;
  std::string said_;
  std::string events_;
};

}  // namespace dialogue
