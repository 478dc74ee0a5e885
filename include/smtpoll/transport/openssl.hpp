// TLS by OpenSSL 3: a transport policy that verifies the server's chain and name by default, with TLS 1.2 or later.
// Opt-in: define SMTPOLL_OPENSSL before smtpoll.hpp, or include this; link with -lssl -lcrypto. Each call does one step
// over the socket policy and never blocks. Of OpenSSL's global state only the calling thread's error queue is touched:
// it is empty after each call, as OpenSSL asks for. Invariant: after a fatal error nothing is sent any more.
#ifndef SMTPOLL_TRANSPORT_OPENSSL_HPP
#define SMTPOLL_TRANSPORT_OPENSSL_HPP

#include <climits>

#include "smtpoll/transport/detail/openssl_peer.hpp"
#include "smtpoll/transport/detail/tls_state.hpp"
#include "smtpoll/transport/transport_policy.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// What to do about an error of OpenSSL's during the handshake: its reason, the number for it and the words, to which
/// OpenSSL's own are added.
struct OpenSslAdvice {
  int reason;
  Errc code;
  const char* text;
  bool later = false;  // may also come when the handshake is done for the client
};

constexpr const char* kNoCommonVersion = "the server and this client have no TLS version in common: ";
constexpr const char* kRefusesOurs = "the server does not take CertificateFile: ";

constexpr OpenSslAdvice kOpenSslAdvice[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_WRONG_SSL_VERSION, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_VERSION_TOO_LOW, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, Errc::TlsVersion, kNoCommonVersion},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, Errc::TlsHandshake,
     "the server wants to see a certificate, set CertificateFile: ", true},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, Errc::TlsHandshake,
     "no cipher in common, or the server wants to see a certificate (CertificateFile): "},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, Errc::TlsHandshake, kRefusesOurs, true},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, Errc::CertificateName, "the server does not know this name: "},
};

}  // namespace detail

/// TLS over `Socket`, a socket policy. After Configure the settings are loaded; a Handshake without it verifies by the
/// system's authorities. Sessions are resumed with the same server name.
template <typename Socket>
class OpenSslTransport : public detail::TlsState {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  OpenSslTransport() = default;
  OpenSslTransport(const OpenSslTransport&) = delete;
  OpenSslTransport& operator=(const OpenSslTransport&) = delete;
  ~OpenSslTransport() { EndTls(); }

  Socket& NextLayer() noexcept { return socket_; }
  const Socket& NextLayer() const noexcept { return socket_; }

  /// Loads what `settings` name, unless it is loaded already and no file has changed. Errc::TlsSettings says what
  /// cannot be used; Handshake then fails too. Not while a handshake or a session is under way.
  Error Configure(const TlsSettings& settings) {
    if (ssl_ != nullptr) return Error(Errc::InvalidState, Phase::Tls, "a session is under way");
    const Error error = context_.Configure(settings);
    configured_ = true;
    if (error || loaded_ != context_.Changes()) session_.reset();
    loaded_ = context_.Changes();
    return error;
  }

  IoResult Handshake(std::string_view server_name) {
    if (failed_ != 0) return Fail(failed_, {});
    if (secured_) return IoResult::Ok();
    if (ssl_ == nullptr)
      if (const Error error = Begin(server_name)) return Fail(error.ErrorNumber, error.text.View());
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    const IoResult step = result == 1 ? Establish() : AfterFailure(result);
    handshake_wants_ = step.status == IoStatus::Again ? blocked_ : Readiness::None;
    ERR_clear_error();
    return step.status == IoStatus::Closed ? Fail(Errc::ConnectionLost, "the server ended TLS") : step;
  }

  IoResult Read(char* into, std::size_t room) {
    if (failed_ != 0) return Fail(failed_, {});
    if (ssl_ == nullptr) return socket_.Read(into, room);
    if (room == 0 || !secured_) return IoResult::TryAgain();
    ERR_clear_error();
    IoResult step = ReadOnce(into, room);
    // Tickets and new keys are no data of ours: what stands behind them is looked at too, within limits.
    for (int i = 1; i < kRecordsAtOnce && step.status == IoStatus::Again && Pending(); ++i) step = ReadOnce(into, room);
    read_wants_write_ = step.status == IoStatus::Again && Includes(blocked_, Readiness::Write);
    ERR_clear_error();
    return step;
  }

  IoResult Write(const char* bytes, std::size_t size) {
    if (failed_ != 0) return Fail(failed_, {});
    if (ssl_ == nullptr) return socket_.Write(bytes, size);
    if (size == 0 || !secured_) return IoResult::TryAgain();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    // What OpenSSL has encrypted already is asked for again with the same size.
    if (unfinished_ != 0 && unfinished_ < size) size = unfinished_;
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes, size, &written);
    const IoResult step = result == 1 ? IoResult::Ok(written) : AfterFailure(result);
    unfinished_ = step.status == IoStatus::Again ? size : 0;
    write_wants_read_ = step.status == IoStatus::Again && Includes(blocked_, Readiness::Read);
    ERR_clear_error();
    if (unwritable_.status != IoStatus::Done) return Unwritable();
    // The peer has ended its side; what cannot be written then is lost.
    return step.status == IoStatus::Closed ? Fail(Errc::ConnectionLost, {}) : step;
  }

  bool Pending() const noexcept { return secured_ && failed_ == 0 && SSL_has_pending(ssl_.get()) == 1 && !starved_; }

  /// "TLSv1.3"; empty before the handshake is done.
  std::string_view ProtocolName() const noexcept { return secured_ ? SSL_get_version(ssl_.get()) : ""; }
  std::string_view CipherName() const noexcept { return secured_ ? SSL_get_cipher_name(ssl_.get()) : ""; }
  /// The handshake took up an earlier session.
  bool SessionResumed() const noexcept { return secured_ && SSL_session_reused(ssl_.get()) == 1; }

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
    if (context_.Get() == nullptr) return Error(Errc::TlsSettings, Phase::Tls, "the settings could not be loaded");
    if (!name_.Assign(server_name))
      return Error(Errc::CertificateName, Phase::Tls, "no certificate can be for this name");
    const Error no_memory(Errc::OutOfMemory, Phase::Tls, "OpenSSL gives no session");
    if (method_ == nullptr) method_.reset(NewMethod());
    ssl_.reset(SSL_new(context_.Get()));
    BIO* const wire = method_ != nullptr && ssl_ != nullptr ? BIO_new(method_.get()) : nullptr;
    if (wire == nullptr) {
      ssl_.reset();
      return no_memory;
    }
    BIO_set_data(wire, this);
    BIO_set_init(wire, 1);
    SSL_set_bio(ssl_.get(), wire, wire);
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_connect_state(ssl_.get());
    SSL_CTX_set_cert_verify_callback(context_.Get(), &detail::OpenSslPeer::Verify, &peer_);
    SSL_CTX_set_session_cache_mode(context_.Get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_.Get(), &KeepSession);
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
    // RFC 9525 6.3 and 2: no "*" within a label, and no names in the subject.
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const Span<const unsigned char> address = name_.Address();
    const bool named = name_.IsAddress() ? X509_VERIFY_PARAM_set1_ip(wanted, address.data(), address.size()) == 1
                                         : X509_VERIFY_PARAM_set1_host(wanted, name_.Text(), 0) == 1 && SayName();
    if (!named) {
      ssl_.reset();
      return no_memory;
    }
    if (session_ != nullptr && session_name_.View() == name_.View()) {
      SSL_set_session(ssl_.get(), session_.get());
      // RFC 8446 C.4: a ticket is used once; the server sends new ones.
      if (SSL_SESSION_get_protocol_version(session_.get()) >= TLS1_3_VERSION) session_.reset();
    } else {
      session_.reset();
    }
    peer_.Begin(context_, name_);
    first_.Clear();
    return {};
  }

  /// SNI; the macro for it has an old-style cast.
  bool SayName() noexcept {
    return SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(name_.Text())) == 1;
  }

  IoResult ReadOnce(char* into, std::size_t room) {
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_.get(), into, room, &size);
    return result == 1 ? IoResult::Ok(size) : AfterFailure(result);
  }

  IoResult Establish() {
    secured_ = true;
    BindChannel();
    return IoResult::Ok();
  }

  /// RFC 9266 and RFC 5929 4.
  void BindChannel() noexcept {
    TlsChannelBinding kind = context_.ChannelBinding();
    const bool newest = SSL_version(ssl_.get()) >= TLS1_3_VERSION;
    if (kind == TlsChannelBinding::Automatic)
      kind = newest ? TlsChannelBinding::Exporter : TlsChannelBinding::ServerEndPoint;
    if (kind == TlsChannelBinding::Exporter) {
      constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
      auto* const into = reinterpret_cast<unsigned char*>(binding_);
      // RFC 9266 4.2: with TLS 1.2 only where the master secret is bound to the session.
      if (!newest && SSL_get_extms_support(ssl_.get()) != 1) return;
      if (SSL_export_keying_material(ssl_.get(), into, 32, kLabel.data(), kLabel.size(), into, 0, 1) != 1) return;
      Bind("tls-exporter", 32);
    } else if (kind == TlsChannelBinding::ServerEndPoint) {
      const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
      int digest = NID_undef;
      if (certificate == nullptr ||
          X509_get_signature_info(const_cast<X509*>(certificate), &digest, nullptr, nullptr, nullptr) != 1)
        return;
      if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
      const EVP_MD* const algorithm = EVP_get_digestbynid(digest);
      unsigned size = 0;
      static_assert(sizeof binding_ >= EVP_MAX_MD_SIZE, "any digest fits");
      if (algorithm == nullptr ||
          X509_digest(certificate, algorithm, reinterpret_cast<unsigned char*>(binding_), &size) != 1)
        return;
      Bind("tls-server-end-point", size);
    }
  }

  /// What became of a call of OpenSSL's that returned `result`, not success.
  IoResult AfterFailure(int result) {
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
      blocked_ = kind == SSL_ERROR_WANT_READ ? Readiness::Read : Readiness::Write;
      return IoResult::TryAgain();
    }
    if (kind == SSL_ERROR_ZERO_RETURN) return IoResult::EndOfFile();
    session_.reset();
    if (peer_.Fault() != Errc::None) return Fail(peer_.Fault(), peer_.Text());
    if (WireIsGone()) return FailOnWire();
    return Explain(ERR_peek_error());
  }

  /// An error of OpenSSL's.
  IoResult Explain(unsigned long error) {
    const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    const char* own = ERR_reason_error_string(error);
    if (own == nullptr) own = "unknown error of OpenSSL";
    if (!secured_ && LooksLikeReply(first_.View())) return FailOnPlainText();
    for (const detail::OpenSslAdvice& advice : detail::kOpenSslAdvice) {
      if (advice.reason != reason || (secured_ && !advice.later)) continue;
      fault_text_.Assign(advice.text);
      fault_text_.Append(own);
      return Fail(advice.code, {});
    }
    // After the handshake a record that cannot be read is as good as a wire that was cut.
    return Fail(secured_ ? Errc::ConnectionLost : Errc::TlsHandshake, own);
  }

  void EndTls() {
    if (ssl_ != nullptr && secured_ && failed_ == 0) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
      ERR_clear_error();
    }
    ssl_.reset();
    EndState();
  }

  // ---- The socket as OpenSSL sees it.

  static BIO_METHOD* NewMethod() noexcept {
    BIO_METHOD* const method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "smtpoll");
    if (method == nullptr) return nullptr;
    BIO_meth_set_read(method, &BioRead);
    BIO_meth_set_write(method, &BioWrite);
    BIO_meth_set_ctrl(method, &BioControl);
    return method;
  }

  static int BioRead(BIO* bio, char* into, int room) {
    auto* const self = static_cast<OpenSslTransport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    self->starved_ = false;
    const IoResult result = self->socket_.Read(into, static_cast<std::size_t>(room));
    if (result.status == IoStatus::Done) {
      self->Hear({into, result.size});
      return static_cast<int>(result.size);
    }
    if (result.status != IoStatus::Again) return self->EndWire(result);
    if (self->unwritable_.status != IoStatus::Done) return self->EndWire(self->unwritable_);
    self->starved_ = true;
    BIO_set_retry_read(bio);
    return -1;
  }

  static int BioWrite(BIO* bio, const char* bytes, int size) {
    auto* const self = static_cast<OpenSslTransport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (self->unwritable_.status != IoStatus::Done) return size;
    const IoResult result = self->socket_.Write(bytes, static_cast<std::size_t>(size));
    if (result.status == IoStatus::Done) return static_cast<int>(result.size);
    if (result.status != IoStatus::Again) {
      // A server that has ended may have said why: OpenSSL goes on until it has read that.
      self->unwritable_ = result;
      return size;
    }
    BIO_set_retry_write(bio);
    return -1;
  }

  int EndWire(const IoResult& result) noexcept {
    WireEnds(result);
    return wire_ended_ ? 0 : -1;
  }

  static long BioControl(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return static_cast<OpenSslTransport*>(BIO_get_data(bio))->wire_ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static int KeepSession(SSL* ssl, SSL_SESSION* session) {
    auto* const self = static_cast<OpenSslTransport*>(SSL_get_app_data(ssl));
    if (!self->context_.ResumesSessions()) return 0;
    self->session_.reset(session);
    self->session_name_.Assign(self->name_.View());
    return 1;  // the session is ours now
  }

  Socket socket_;
  detail::OpenSslContext context_;
  detail::OpenSslPeer peer_;
  detail::TlsName name_;
  detail::OpenSslPtr<BIO_METHOD> method_;
  detail::OpenSslPtr<SSL_SESSION> session_;  // of the last connection, to be resumed
  FixedText<256> session_name_;
  unsigned loaded_ = 0;  // which of context_'s states session_ belongs to
  bool configured_ = false;

  detail::OpenSslPtr<SSL> ssl_;  // null while the wire is in plain text
};

SMTPOLL_NAMESPACE_END

#endif
