// TLS by mbedTLS 2.28 or 3: a transport policy that verifies the server's chain and name by default, with TLS 1.2 or
// later. Opt-in: define SMTPOLL_MBEDTLS before smtpoll.hpp, or include this; link with -lmbedtls -lmbedx509
// -lmbedcrypto. Each call does one step over the socket policy and never blocks. 2.28 has no TLS 1.3. Invariant: after
// a fatal error nothing is sent any more.
#ifndef SMTPOLL_TRANSPORT_MBEDTLS_HPP
#define SMTPOLL_TRANSPORT_MBEDTLS_HPP

#include <mbedtls/error.h>

#include "smtpoll/transport/detail/mbedtls_peer.hpp"
#include "smtpoll/transport/detail/tls_alert.hpp"
#include "smtpoll/transport/detail/tls_state.hpp"
#include "smtpoll/transport/transport_policy.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// TLS over `Socket`, a socket policy. After Configure the settings are loaded; a Handshake without it verifies by the
/// system's authorities. Sessions are resumed with the same server name. The channel binding is "tls-server-end-point"
/// (RFC 5929 4); "tls-exporter" (RFC 9266) there is only with TLS 1.3 by a library that has
/// MBEDTLS_SSL_KEYING_MATERIAL_EXPORT, as the later ones of 3.6 do. Those of 3 know no KeyUpdate (RFC 8446 4.6.3): a
/// server that wants new keys loses the connection.
template <typename Socket>
class MbedTlsTransport : public detail::TlsState {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  MbedTlsTransport() = default;
  MbedTlsTransport(const MbedTlsTransport&) = delete;
  MbedTlsTransport& operator=(const MbedTlsTransport&) = delete;
  ~MbedTlsTransport() { EndTls(); }

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }

  /// Loads what `settings` name, unless it is loaded already and no file has changed. Errc::TlsSettings says what
  /// cannot be used; Handshake then fails too. Not while a handshake or a session is under way.
  Error Configure(const TlsSettings& settings) {
    if (active_) return Error(Errc::InvalidState, Phase::Tls, "a session is under way");
    const Error error = context_.Configure(settings);
    configured_ = true;
    if (error || changes_ != context_.Changes()) ForgetSession();
    changes_ = context_.Changes();
    return error;
  }

  IoResult Handshake(std::string_view server_name) {
    if (failed_ != 0) return Fail(failed_, {});
    if (secured_) return IoResult::Ok();
    if (!active_)
      if (const Error error = Begin(server_name)) return Fail(error.ErrorNumber, error.text.View());
    const int result = mbedtls_ssl_handshake(tls_.Get());
    const IoResult step = result == 0 ? Establish() : AfterFailure(result);
    handshake_wants_ = step.status == IoStatus::Again ? blocked_ : Readiness::None;
    return step.status == IoStatus::Closed ? Fail(Errc::ConnectionLost, "the server ended TLS") : step;
  }

  IoResult Read(char* into, std::size_t room) {
    if (failed_ != 0) return Fail(failed_, {});
    if (!active_) return socket_.Read(into, room);
    if (room == 0 || !secured_) return IoResult::TryAgain();
    IoResult step = ReadOnce(into, room);
    // Tickets and the like are no data of ours: what stands behind them is looked at too, within limits.
    for (int i = 1; i < kRecordsAtOnce && step.status == IoStatus::Again && !starved_; ++i) step = ReadOnce(into, room);
    read_wants_write_ = step.status == IoStatus::Again && Includes(blocked_, Readiness::Write);
    return step;
  }

  IoResult Write(const char* bytes, std::size_t size) {
    if (failed_ != 0) return Fail(failed_, {});
    if (!active_) return socket_.Write(bytes, size);
    if (size == 0 || !secured_) return IoResult::TryAgain();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    // An alert that is not out yet would be taken for these bytes: an empty write sends what is left of it.
    if (unsent_ && unfinished_ == 0) {
      const IoResult step = WriteOnce(bytes, 0);
      if (step.status != IoStatus::Done) return step;
    }
    // What mbedTLS has encrypted already is asked for again with the same size.
    if (unfinished_ != 0 && unfinished_ < size) size = unfinished_;
    const IoResult step = WriteOnce(bytes, size);
    unfinished_ = step.status == IoStatus::Again ? size : 0;
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    // The peer has ended its side; what cannot be written then is lost.
    return step.status == IoStatus::Closed ? Fail(Errc::ConnectionLost, {}) : step;
  }

  bool Pending() const noexcept {
    return secured_ && failed_ == 0 && (mbedtls_ssl_check_pending(tls_.Get()) != 0 || more_records_);
  }

  /// "TLSv1.2"; empty before the handshake is done.
  std::string_view ProtocolName() const noexcept { return secured_ ? mbedtls_ssl_get_version(tls_.Get()) : ""; }
  std::string_view CipherName() const noexcept { return secured_ ? mbedtls_ssl_get_ciphersuite(tls_.Get()) : ""; }
  /// The handshake took up an earlier session.
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
    if (!context_.IsLoaded()) return Error(Errc::TlsSettings, Phase::Tls, "the settings could not be loaded");
    if (!name_.Assign(server_name))
      return Error(Errc::CertificateName, Phase::Tls, "no certificate can be for this name");
    mbedtls_ssl_conf_verify(context_.Get(), &detail::MbedTlsPeer::Verify, &peer_);
    // RFC 6066 3: an address is not said to the server.
    if (mbedtls_ssl_setup(tls_.Get(), context_.Get()) != 0 ||
        mbedtls_ssl_set_hostname(tls_.Get(), name_.IsAddress() ? nullptr : name_.Text()) != 0) {
      tls_.Reset();
      return Error(Errc::OutOfMemory, Phase::Tls, "mbedTLS gives no session");
    }
    active_ = true;
    mbedtls_ssl_set_bio(tls_.Get(), this, &WireWrite, &WireRead, nullptr);
    if (has_session_ && session_name_.View() == name_.View())
      offered_ = mbedtls_ssl_set_session(tls_.Get(), session_.Get()) == 0;
    else
      ForgetSession();
    peer_.Begin(context_, name_);
    first_.Clear();
    return {};
  }

  IoResult Establish() {
    secured_ = true;
    resumed_ = offered_ && !peer_.Seen();
    if (!resumed_) {
      // The binding of a resumed session is the one of the session that it takes up.
      digest_size_ = peer_.Digest().size();
      std::memcpy(digest_, peer_.Digest().data(), digest_size_);
    }
    KeepSession();
    BindChannel();
    return IoResult::Ok();
  }

  /// RFC 9266 and RFC 5929 4.
  void BindChannel() noexcept {
    const TlsChannelBinding kind = context_.ChannelBinding();
#if SMTPOLL_MBEDTLS_EXPORTER
    // With TLS 1.2 the master secret would have to be bound to the session (RFC 9266 4.2), which mbedTLS does not tell.
    const bool newest = mbedtls_ssl_get_version_number(tls_.Get()) == MBEDTLS_SSL_VERSION_TLS1_3;
    if (newest && (kind == TlsChannelBinding::Automatic || kind == TlsChannelBinding::Exporter)) {
      constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
      auto* const into = reinterpret_cast<unsigned char*>(binding_);
      if (mbedtls_ssl_export_keying_material(tls_.Get(), into, 32, kLabel.data(), kLabel.size(), nullptr, 0, 1) != 0)
        return;
      return Bind("tls-exporter", 32);
    }
#endif
    if (kind != TlsChannelBinding::Automatic && kind != TlsChannelBinding::ServerEndPoint) return;
    std::memcpy(binding_, digest_, digest_size_);
    Bind("tls-server-end-point", digest_size_);
  }

  void KeepSession() noexcept {
    session_.Reset();
    has_session_ = context_.ResumesSessions() && mbedtls_ssl_get_session(tls_.Get(), session_.Get()) == 0;
    if (has_session_) session_name_.Assign(name_.View());
  }

  void ForgetSession() noexcept {
    session_.Reset();
    has_session_ = false;
  }

  IoResult ReadOnce(char* into, std::size_t room) {
    starved_ = false;
    const int result = mbedtls_ssl_read(tls_.Get(), reinterpret_cast<unsigned char*>(into), room);
    if (result > 0) {
      more_records_ = false;
      return IoResult::Ok(static_cast<std::size_t>(result));
    }
    const IoResult step = AfterFailure(result == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : result);
    more_records_ = step.status == IoStatus::Again && !starved_ && !unsent_;
    return step;
  }

  IoResult WriteOnce(const char* bytes, std::size_t size) {
    const int result = mbedtls_ssl_write(tls_.Get(), reinterpret_cast<const unsigned char*>(bytes), size);
    const IoResult step = result >= 0 ? IoResult::Ok(static_cast<std::size_t>(result)) : AfterFailure(result);
    write_wants_read_ = step.status == IoStatus::Again && Includes(blocked_, Readiness::Read);
    return step;
  }

  /// What became of a call of mbedTLS's that returned `result`, an error.
  IoResult AfterFailure(int result) {
    if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
      blocked_ = result == MBEDTLS_ERR_SSL_WANT_READ ? Readiness::Read : Readiness::Write;
      return IoResult::TryAgain();
    }
#if SMTPOLL_MBEDTLS_TLS13 && defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
      KeepSession();
      blocked_ = Readiness::Read;
      return IoResult::TryAgain();
    }
#endif
    if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return IoResult::EndOfFile();
    ForgetSession();
    peer_.CheckUse(secured_ ? 0 : mbedtls_ssl_get_verify_result(tls_.Get()));
    if (!secured_ && peer_.Fault() != Errc::None) return Fail(peer_.Fault(), peer_.Text());
    if (WireIsGone()) return FailOnWire();
    return Explain(result);
  }

  IoResult Explain(int error) {
    if (!secured_ && LooksLikeReply(first_.View())) return FailOnPlainText();
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    constexpr int kBadVersion = MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION;
#else
    constexpr int kBadVersion = MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION;
#endif
    // The alert's description is its second byte.
    int alert = 0;
    if (error == kBadVersion)
      alert = 70;
    else if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
      alert = tls_.Get()->SMTPOLL_MBEDTLS_MEMBER(in_msg)[1];
    for (const detail::TlsAlertAdvice& advice : detail::kTlsAlertAdvice)
      if (advice.alert == alert && (!secured_ || advice.later)) return Fail(advice.code, advice.text);
    char text[160] = {};
    mbedtls_strerror(error, text, sizeof text);
    fault_text_.Assign(text);
    if (alert != 0) {
      fault_text_.Append(", alert ");
      fault_text_.AppendDecimal(static_cast<std::uint64_t>(alert));
    }
    // After the handshake a record that cannot be read is as good as a wire that was cut.
    return Fail(secured_ ? Errc::ConnectionLost : Errc::TlsHandshake, {});
  }

  void EndTls() {
    if (secured_ && failed_ == 0) mbedtls_ssl_close_notify(tls_.Get());
    if (active_) tls_.Reset();
    EndState();
    active_ = resumed_ = offered_ = unsent_ = more_records_ = false;
  }

  // ---- The socket as mbedTLS sees it.

  static int WireRead(void* transport, unsigned char* into, std::size_t room) {
    auto* const self = static_cast<MbedTlsTransport*>(transport);
    const IoResult result = self->socket_.Read(reinterpret_cast<char*>(into), room);
    if (result.status == IoStatus::Done) {
      self->Hear({reinterpret_cast<const char*>(into), result.size});
      return static_cast<int>(result.size);
    }
    if (result.status != IoStatus::Again) return self->EndWire(result);
    if (self->unwritable_.status != IoStatus::Done) return self->EndWire(self->unwritable_);
    self->starved_ = true;
    return MBEDTLS_ERR_SSL_WANT_READ;
  }

  static int WireWrite(void* transport, const unsigned char* bytes, std::size_t size) {
    auto* const self = static_cast<MbedTlsTransport*>(transport);
    if (self->unwritable_.status != IoStatus::Done) return static_cast<int>(size);
    const IoResult result = self->socket_.Write(reinterpret_cast<const char*>(bytes), size);
    self->unsent_ = result.status == IoStatus::Again || (result.status == IoStatus::Done && result.size < size);
    if (result.status == IoStatus::Done) return static_cast<int>(result.size);
    if (result.status == IoStatus::Again) return MBEDTLS_ERR_SSL_WANT_WRITE;
    // A server that has ended may have said why: mbedTLS goes on until it has read that.
    self->unwritable_ = result;
    return static_cast<int>(size);
  }

  int EndWire(const IoResult& result) noexcept {
    WireEnds(result);
    return MBEDTLS_ERR_SSL_CONN_EOF;
  }

  Socket socket_;
  detail::MbedTlsContext context_;
  detail::MbedTlsPeer peer_;
  detail::TlsName name_;
  detail::MbedTlsSession session_;  // of the last connection, to be resumed
  bool has_session_ = false;
  FixedText<256> session_name_;
  char digest_[64] = {};  // of the certificate that the session was made with
  std::size_t digest_size_ = 0;
  unsigned changes_ = 0;  // which of context_'s states session_ belongs to
  bool configured_ = false;

  detail::MbedTlsConnection tls_;
  bool active_ = false;   // the wire is no more in plain text
  bool offered_ = false;  // session_ was offered to the server
  bool resumed_ = false;
  bool unsent_ = false;        // mbedTLS holds encrypted bytes that the socket did not take
  bool more_records_ = false;  // the last read ended for another reason than the socket
};

SMTPOLL_NAMESPACE_END

#endif
