// What the transports over TLS share, whatever their library: the error that ended the session, what it waits for on
// the wire, how the wire ended, and the channel binding. Invariant: after a fatal error Fail tells it again and again.
#ifndef SMTPOLL_TRANSPORT_DETAIL_TLS_STATE_HPP
#define SMTPOLL_TRANSPORT_DETAIL_TLS_STATE_HPP

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/error.hpp"
#include "smtpoll/base/io.hpp"
#include "smtpoll/base/secret.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// A transport over TLS is one.
class TlsState {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  static constexpr bool kEncrypts = true;

  Readiness Wants() const noexcept {
    const Readiness write = read_wants_write_ ? Readiness::Write : Readiness::None;
    return handshake_wants_ | write | (write_wants_read_ ? Readiness::Read : Readiness::None);
  }
  bool Secured() const noexcept { return secured_ && failed_ == 0; }
  std::string_view FaultText() const noexcept { return fault_text_.View(); }
  std::string_view ChannelBindingType() const noexcept { return binding_type_; }
  std::string_view ChannelBinding() const noexcept { return {binding_, binding_size_}; }
  ///@}

 protected:
  static constexpr int kRecordsAtOnce = 16;  // that a Read goes through without data

  IoResult Fail(int number, std::string_view text) noexcept {
    failed_ = number;
    if (!text.empty()) fault_text_.Assign(text);
    return IoResult::Fail(number);
  }
  IoResult Fail(Errc code, std::string_view text) noexcept { return Fail(static_cast<int>(code), text); }
  IoResult FailOnPlainText() noexcept {
    return Fail(Errc::TlsHandshake,
                "the server answered in plain text: this port wants STARTTLS (set SMTPConnectionType to STARTTLS), or "
                "has no TLS at all");
  }
  bool WireIsGone() const noexcept { return wire_ended_ || wire_error_ != 0; }
  IoResult FailOnWire() noexcept {
    if (wire_error_ != 0) return Fail(wire_error_, {});
    return Fail(Errc::ConnectionLost, secured_ ? "the wire was cut, TLS was not ended in order"
                                               : "the server closed the connection during the handshake");
  }
  void WireEnds(const IoResult& result) noexcept {
    wire_ended_ = result.status == IoStatus::Closed;
    if (!wire_ended_) wire_error_ = result.error;
  }
  /// The wire takes nothing more, while what the server has said may still be read.
  IoResult Unwritable() const noexcept {
    return unwritable_.status == IoStatus::Failed ? unwritable_
                                                  : IoResult::Fail(static_cast<int>(Errc::ConnectionLost));
  }

  /// The first bytes of a TLS record are no printable text; those of any SMTP reply are.
  static bool LooksLikeReply(std::string_view heard) noexcept {
    return heard.size() >= 3 && IsDigit(heard[0]) && IsDigit(heard[1]) && IsDigit(heard[2]);
  }
  void Hear(std::string_view bytes) noexcept { first_.Append(bytes); }

  void Bind(std::string_view type, std::size_t size) noexcept {
    binding_type_ = size != 0 ? type : std::string_view();
    binding_size_ = size;
  }

  /// The wire is in plain text again; the fault stays.
  void EndState() noexcept {
    Wipe(binding_, sizeof binding_);
    Bind({}, 0);
    unfinished_ = 0;
    handshake_wants_ = blocked_ = Readiness::None;
    failed_ = wire_error_ = 0;
    unwritable_ = {};
    secured_ = read_wants_write_ = write_wants_read_ = wire_ended_ = starved_ = false;
  }

  bool secured_ = false;
  int failed_ = 0;  // the error that ended it; nothing is done after it
  FixedText<256> fault_text_;
  Readiness blocked_ = Readiness::None;  // what the last call of the library's waits for
  Readiness handshake_wants_ = Readiness::None;
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
  bool starved_ = false;        // the socket had nothing when it was last read
  std::size_t unfinished_ = 0;  // size of the write that has to be repeated
  bool wire_ended_ = false;
  int wire_error_ = 0;
  IoResult unwritable_;  // how a write to the wire ended that failed
  FixedText<3> first_;   // the server's first bytes behind our hello
  char binding_[64] = {};

 private:
  std::size_t binding_size_ = 0;
  std::string_view binding_type_;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
