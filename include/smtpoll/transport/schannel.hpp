// TLS by Schannel, which every Windows has (8 and later): a transport policy that verifies the server's chain and name
// by default, with TLS 1.2. Opt-in: define SMTPOLL_SCHANNEL before smtpoll.hpp, or include this; link with -lsecur32
// -lcrypt32. Each call does one step over the socket policy and never blocks. CertificateFile is PKCS #12 here.
// Invariant: after a fatal error nothing is sent any more; no byte of the caller's goes before the certificate is
// judged.
#ifndef SMTPOLL_TRANSPORT_SCHANNEL_HPP
#define SMTPOLL_TRANSPORT_SCHANNEL_HPP

#include "smtpoll/transport/detail/schannel_peer.hpp"
#include "smtpoll/transport/detail/schannel_session.hpp"
#include "smtpoll/transport/detail/tls_alert.hpp"
#include "smtpoll/transport/detail/tls_state.hpp"
#include "smtpoll/transport/transport_policy.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What to do about an error of Schannel's during the handshake: its number, the one for it and the words.
struct SchannelAdvice {
  SECURITY_STATUS status;
  Errc code;
  const char* text;
  bool later = false;  // may also come when the handshake is done for the client
};

constexpr SchannelAdvice kSchannelAdvice[] = {
    {SEC_E_UNSUPPORTED_FUNCTION, Errc::TlsVersion, "the server and this client have no TLS version in common"},
    {SEC_E_ALGORITHM_MISMATCH, Errc::TlsHandshake,
     "no cipher in common, or the server wants to see a certificate (CertificateFile)"},
    {SEC_E_ILLEGAL_MESSAGE, Errc::TlsHandshake,
     "an alert or a message that is against TLS; the server may want to see a certificate (CertificateFile)"},
    {SEC_E_CERT_UNKNOWN, Errc::TlsHandshake, "the server does not take CertificateFile", true},
    {SEC_E_CERT_EXPIRED, Errc::TlsHandshake, "the server does not take CertificateFile: expired", true},
    {SEC_E_UNTRUSTED_ROOT, Errc::TlsHandshake, "the server does not take CertificateFile: unknown authority", true},
    {SEC_E_INVALID_TOKEN, Errc::TlsHandshake, "what came is no TLS"},
};

}  // namespace detail

/// TLS over `Socket`, a socket policy. After Configure the settings are loaded; a Handshake without it verifies by the
/// system's authorities. Windows resumes sessions with the same server name. The channel binding is
/// "tls-server-end-point" (RFC 5929 4), never "tls-exporter" (RFC 9266).
template <typename Socket>
class SchannelTransport : public detail::TlsState {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  SchannelTransport() = default;
  SchannelTransport(const SchannelTransport&) = delete;
  SchannelTransport& operator=(const SchannelTransport&) = delete;
  ~SchannelTransport() { EndTls(); }

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }

  /// Loads what `settings` name, unless it is loaded already and no file has changed. Errc::TlsSettings says what
  /// cannot be used; Handshake then fails too. Not while a handshake or a session is under way.
  Error Configure(const TlsSettings& settings) {
    if (active_) return Error(Errc::InvalidState, Phase::Tls, "a session is under way");
    configured_ = true;
    return context_.Configure(settings);
  }

  IoResult Handshake(std::string_view server_name) {
    if (failed_ != 0) return Fail(failed_, {});
    if (secured_) return IoResult::Ok();
    if (!active_)
      if (const Error error = Begin(server_name)) return Fail(error.ErrorNumber, error.text.View());
    const IoResult step = HandshakeSteps();
    handshake_wants_ = step.status == IoStatus::Again ? blocked_ : Readiness::None;
    return step;
  }

  IoResult Read(char* into, std::size_t room) {
    if (failed_ != 0) return Fail(failed_, {});
    if (!active_) return socket_.Read(into, room);
    if (room == 0 || !secured_) return IoResult::TryAgain();
    // Records without data are gone through, within limits.
    for (int i = 0; i < kRecordsAtOnce; ++i) {
      if (session_.HasPlain()) return IoResult::Ok(session_.TakePlain(into, room));
      session_.CloseGap();
      if (session_.Starved()) {
        const IoResult got = Receive();
        if (got.status == IoStatus::Closed)
          return Fail(Errc::ConnectionLost, "the wire was cut, TLS was not ended in order");
        if (got.status == IoStatus::Failed) return Fail(got.error, {});
        if (got.status != IoStatus::Done) return got;
      }
      switch (const SECURITY_STATUS status = session_.Decrypt()) {
        case SEC_E_OK: break;
        case SEC_E_INCOMPLETE_MESSAGE: return Fail(Errc::ConnectionLost, "a record of the server's is too long");
        case SEC_I_CONTEXT_EXPIRED: return IoResult::EndOfFile();
        case SEC_I_RENEGOTIATE: return Fail(Errc::ConnectionLost, "the server asked for a new negotiation");
        default: return Explain(status);
      }
    }
    return IoResult::TryAgain();
  }

  IoResult Write(const char* bytes, std::size_t size) {
    if (failed_ != 0) return Fail(failed_, {});
    if (!active_) return socket_.Write(bytes, size);
    if (size == 0 || !secured_) return IoResult::TryAgain();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    if (unfinished_ == 0) {
      unfinished_ = session_.Encrypt(bytes, size);
      if (unfinished_ == 0) return Fail(Errc::ConnectionLost, "Schannel does not encrypt");
    }
    // What is encrypted already is not encrypted again: it comes with the same bytes in front.
    const IoResult step = Flush();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    return step.status == IoStatus::Done ? IoResult::Ok(std::exchange(unfinished_, 0)) : step;
  }

  bool Pending() const noexcept { return Secured() && (session_.HasPlain() || !session_.Starved()); }

  /// "TLSv1.2"; empty before the handshake is done.
  std::string_view ProtocolName() const noexcept { return secured_ ? "TLSv1.2" : ""; }
  /// "unknown" where Windows does not tell.
  std::string_view CipherName() const noexcept { return secured_ ? cipher_.View() : std::string_view(); }
  bool SessionResumed() const noexcept { return secured_ && resumed_; }

  /// Says close_notify if that can go at once, and closes the socket.
  void Close() {
    EndTls();
    fault_text_.Clear();
    socket_.Close();
  }
  ///@}

 private:
  Error Begin(std::string_view server_name) {
    if (!configured_)
      if (const Error error = Configure(TlsSettings())) return error;
    if (!context_.IsLoaded() || (!context_.ResumesSessions() && !context_.RenewCredentials()))
      return Error(Errc::TlsSettings, Phase::Tls, "the settings could not be loaded");
    if (!name_.Assign(server_name))
      return Error(Errc::CertificateName, Phase::Tls, "no certificate can be for this name");
    if (!session_.Begin(name_)) return Error(Errc::OutOfMemory, Phase::Tls, "no room for TLS");
    active_ = true;
    return {};
  }

  IoResult HandshakeSteps() {
    for (;;) {
      const IoResult step = Flush();
      if (step.status == IoStatus::Again) {
        blocked_ = Readiness::Write;
        return step;
      }
      if (session_.Finished()) return Establish();
      if (session_.Begun() && session_.Starved()) {
        const IoResult got = Receive();
        if (got.status == IoStatus::Again) {
          blocked_ = Readiness::Read;
          return got;
        }
        if (got.status == IoStatus::Closed)
          return Fail(Errc::ConnectionLost, "the server closed the connection during the handshake");
        if (got.status != IoStatus::Done) return Fail(got.error, {});
      }
      // Schannel may wait for the rest of what is no record of TLS.
      const std::string_view heard = session_.Unused();
      if (session_.Begun() && (heard[0] < 20 || heard[0] > 23)) {
        if (heard.size() >= 3 || !detail::IsDigit(heard[0])) return Explain(SEC_E_INVALID_TOKEN);
        session_.Starve();
        continue;
      }
      switch (const SECURITY_STATUS status = session_.Negotiate(context_.Credentials())) {
        case SEC_E_OK: break;
        case SEC_E_INCOMPLETE_MESSAGE: return Fail(Errc::TlsHandshake, "a message of the server's is too long");
        case SEC_E_BUFFER_TOO_SMALL: return Fail(Errc::TlsHandshake, "a message of this client's is too long");
        default: Flush(); return Explain(status);  // there may be an alert
      }
    }
  }

  IoResult Establish() {
    const detail::CertificatePtr certificate = session_.Certificate();
    if (certificate == nullptr) return Fail(Errc::CertificateUntrusted, "the server has shown no certificate");
    const Errc fault = peer_.Check(context_, name_, certificate.get());
    if (fault != Errc::None) {
      Shut();
      return Fail(fault, peer_.Text());
    }
    DWORD version = 0;
    if (!session_.Measure(version)) return Fail(Errc::TlsHandshake, "Schannel does not say what it needs");
    if ((version & SP_PROT_TLS1_2_CLIENT) == 0) return Fail(Errc::TlsVersion, "the TLS version is another than 1.2");
    resumed_ = session_.IsResumed();
    cipher_ = session_.CipherName();
    if (cipher_.empty()) cipher_.Assign("unknown");
    const TlsChannelBinding kind = context_.ChannelBinding();
    if (kind == TlsChannelBinding::Automatic || kind == TlsChannelBinding::ServerEndPoint)
      Bind("tls-server-end-point", session_.ServerEndPoint(binding_));
    secured_ = true;
    return IoResult::Ok();
  }

  /// More bytes from the socket, behind those that are there.
  IoResult Receive() {
    const Span<char> room = session_.Room();
    const IoResult got = socket_.Read(room.data(), room.size());
    session_.Received(got.status == IoStatus::Done ? got.size : 0);
    return got.status == IoStatus::Again && unwritable_.status != IoStatus::Done ? unwritable_ : got;
  }

  /// Sends what Schannel wants to say; Again where that is not all. A server that has ended may have said why: what
  /// cannot be written is dropped, and all goes on until that is read.
  IoResult Flush() {
    while (!session_.Output().empty()) {
      if (unwritable_.status != IoStatus::Done) {
        session_.DropOutput();
        break;
      }
      const IoResult result = socket_.Write(session_.Output().data(), session_.Output().size());
      if (result.status == IoStatus::Again) return result;
      if (result.status == IoStatus::Done)
        session_.Sent(result.size);
      else
        unwritable_ = result;
    }
    return IoResult::Ok();
  }

  IoResult Explain(SECURITY_STATUS status) {
    if (!secured_ && LooksLikeReply(session_.Unused())) return FailOnPlainText();
    const int alert = secured_ ? 0 : AlertInTheOpen();
    for (const detail::TlsAlertAdvice& advice : detail::kTlsAlertAdvice)
      if (advice.alert == alert) return Fail(advice.code, advice.text);
    Errc code = secured_ ? Errc::ConnectionLost : Errc::TlsHandshake;
    fault_text_.Clear();
    for (const detail::SchannelAdvice& advice : detail::kSchannelAdvice) {
      if (advice.status != status || (secured_ && !advice.later)) continue;
      code = advice.code;
      fault_text_.Assign(advice.text);
      fault_text_.Append(", ");
    }
    constexpr char kDigits[] = "0123456789abcdef";
    fault_text_.Append("error of Schannel's 0x");
    for (int shift = 28; shift >= 0; shift -= 4)
      fault_text_.Append({&kDigits[(static_cast<unsigned long>(status) >> shift) & 15], 1});
    return Fail(code, {});
  }

  /// The alert that the server has sent unencrypted, where Schannel tells less: its number; that of protocol_version
  /// also where the server's hello is of an older TLS; 0 for anything else.
  int AlertInTheOpen() const noexcept {
    constexpr char kAlert = 21, kHandshake = 22, kServerHello = 2;
    const std::string_view heard = session_.Unused();
    if (heard.size() == 7 && heard[0] == kAlert) return static_cast<unsigned char>(heard[6]);
    return heard.size() > 10 && heard[0] == kHandshake && heard[5] == kServerHello && heard[9] == 3 && heard[10] < 3
               ? 70
               : 0;
  }

  /// Says close_notify, where that can go at once.
  void Shut() {
    if (Flush().status != IoStatus::Done) return;
    session_.Shut(context_.Credentials());
    Flush();
  }

  void EndTls() {
    if (secured_ && failed_ == 0) Shut();
    session_.End();
    EndState();
    active_ = resumed_ = false;
  }

  Socket socket_;
  detail::SchannelContext context_;
  detail::SchannelSession session_;
  detail::SchannelPeer peer_;
  detail::TlsName name_;
  bool configured_ = false;
  bool active_ = false;  // the wire is no more in plain text
  bool resumed_ = false;
  FixedText<64> cipher_;
};

SMTPOLL_NAMESPACE_END

#endif
