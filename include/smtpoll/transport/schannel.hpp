// TLS by Schannel, which every Windows has (8 and later): a transport policy that verifies the server's chain and name
// by default, with TLS 1.2. Opt-in: define SMTPOLL_SCHANNEL before smtpoll.hpp, or include this; link with -lsecur32
// -lcrypt32. Each call does one step over the socket policy and never blocks. CertificateFile is PKCS #12 here.
// Invariant: after a fatal error nothing is sent any more; no byte of the caller's goes before the certificate is
// judged.
#ifndef SMTPOLL_TRANSPORT_SCHANNEL_HPP
#define SMTPOLL_TRANSPORT_SCHANNEL_HPP

#include "smtpoll/transport/detail/schannel_peer.hpp"
#include "smtpoll/transport/detail/tls_alert.hpp"
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
/// system's authorities. Windows resumes sessions with the same server name.
template <typename Socket>
class SchannelTransport {
 public:
  ///@{
  /// What a transport policy has, see transport_policy.hpp.
  static constexpr bool kEncrypts = true;

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
      if (plain_size_ != 0) {
        const std::size_t size = room < plain_size_ ? room : plain_size_;
        std::memcpy(into, plain_, size);
        plain_ += size;
        plain_size_ -= size;
        return IoResult::Ok(size);
      }
      CloseGap();
      if (received_ == 0 || starved_) {
        const IoResult got = Receive();
        if (got.status == IoStatus::Closed)
          return Fail(Errc::ConnectionLost, "the wire was cut, TLS was not ended in order");
        if (got.status != IoStatus::Done) return got;
      }
      const IoResult step = Decrypt();
      if (step.status != IoStatus::Done) return step;
    }
    return IoResult::TryAgain();
  }

  IoResult Write(const char* bytes, std::size_t size) {
    if (failed_ != 0) return Fail(failed_, {});
    if (!active_) return socket_.Write(bytes, size);
    if (size == 0 || !secured_) return IoResult::TryAgain();
    if (unfinished_ == 0) {
      unfinished_ = size < sizes_.cbMaximumMessage ? size : sizes_.cbMaximumMessage;
      if (!Encrypt(bytes, unfinished_)) return Fail(Errc::ConnectionLost, "Schannel does not encrypt");
    }
    // What is encrypted already is not encrypted again: it comes with the same bytes in front.
    const IoResult step = Flush();
    if (step.status == IoStatus::Closed) return Fail(Errc::ConnectionLost, {});
    if (step.status == IoStatus::Failed) return Fail(step.error, {});
    return step.status == IoStatus::Done ? IoResult::Ok(std::exchange(unfinished_, 0)) : step;
  }

  Readiness Wants() const noexcept { return handshake_wants_; }
  bool Secured() const noexcept { return secured_ && failed_ == 0; }
  bool Pending() const noexcept {
    return secured_ && failed_ == 0 && (plain_size_ != 0 || (received_ != 0 && !starved_));
  }
  std::string_view FaultText() const noexcept { return fault_text_.View(); }

  std::string_view ChannelBindingType() const noexcept { return binding_size_ != 0 ? "tls-server-end-point" : ""; }
  std::string_view ChannelBinding() const noexcept { return {binding_, binding_size_}; }
  /// "TLSv1.2"; empty before the handshake is done.
  std::string_view ProtocolName() const noexcept { return secured_ ? "TLSv1.2" : ""; }
  /// Empty where Windows does not tell.
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
  static constexpr int kRecordsAtOnce = 16;
  static constexpr std::size_t kRoom = 40 * 1024;  // for two records of the largest size
  static constexpr DWORD kRequirements = ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY |
                                         ISC_REQ_EXTENDED_ERROR | ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_STREAM |
                                         ISC_REQ_MANUAL_CRED_VALIDATION | ISC_REQ_USE_SUPPLIED_CREDS;

  Error Begin(std::string_view server_name) {
    if (!configured_)
      if (const Error error = Configure(TlsSettings())) return error;
    if (!context_.IsLoaded() || (!context_.ResumesSessions() && !context_.RenewCredentials()))
      return Error(Errc::TlsSettings, Phase::Tls, "the settings could not be loaded");
    if (!name_.Assign(server_name))
      return Error(Errc::CertificateName, Phase::Tls, "no certificate can be for this name");
    if (in_ == nullptr) in_.reset(new (std::nothrow) char[kRoom]);
    if (out_ == nullptr) out_.reset(new (std::nothrow) char[kRoom]);
    if (in_ == nullptr || out_ == nullptr) return Error(Errc::OutOfMemory, Phase::Tls, "no room for TLS");
    for (std::size_t i = 0; i <= name_.View().size(); ++i) target_[i] = static_cast<wchar_t>(name_.Text()[i]);
    active_ = starved_ = true;
    return {};
  }

  IoResult HandshakeSteps() {
    for (;;) {
      IoResult step = Flush();
      if (step.status == IoStatus::Again) {
        blocked_ = Readiness::Write;
        return step;
      }
      // A server that ends the handshake may have said why, so what it said is read first.
      const bool unwritable = step.status != IoStatus::Done;
      if (unwritable) out_begin_ = out_end_ = 0;
      if (finished_ && !unwritable) return Establish();
      if (has_security_ && (starved_ || received_ == 0)) {
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
      if (has_security_ && (in_[0] < 20 || in_[0] > 23)) {
        starved_ = received_ < 3 && detail::IsDigit(in_[0]);
        if (starved_) continue;
        return Explain(SEC_E_INVALID_TOKEN);
      }
      step = Negotiate();
      if (step.status != IoStatus::Done) return step;
    }
  }

  /// One call of InitializeSecurityContext, and what it wants to be sent.
  IoResult Negotiate() {
    SecBuffer in[2] = {{static_cast<unsigned long>(received_), SECBUFFER_TOKEN, in_.get()},
                       {0, SECBUFFER_EMPTY, nullptr}};
    SecBuffer out[2] = {{0, SECBUFFER_TOKEN, nullptr}, {0, SECBUFFER_ALERT, nullptr}};
    SecBufferDesc in_list{SECBUFFER_VERSION, 2, in}, out_list{SECBUFFER_VERSION, 2, out};
    DWORD attributes = 0;
    TimeStamp expiry;
    // RFC 6066 3: an address is not said to the server.
    wchar_t* const target = name_.IsAddress() ? nullptr : target_;
    const SECURITY_STATUS status = InitializeSecurityContextW(
        context_.Credentials(), has_security_ ? &security_ : nullptr, target, kRequirements, 0, 0,
        has_security_ ? &in_list : nullptr, 0, has_security_ ? nullptr : &security_, &out_list, &attributes, &expiry);
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
      starved_ = true;
      return received_ == kRoom ? Fail(Errc::TlsHandshake, "a message of the server's is too long") : IoResult::Ok();
    }
    if (status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED) has_security_ = true;
    bool queued = true;
    for (const SecBuffer& one : out) {
      if (one.pvBuffer == nullptr) continue;
      if (one.BufferType == SECBUFFER_TOKEN)
        queued = queued && Queue(static_cast<const char*>(one.pvBuffer), one.cbBuffer);
      FreeContextBuffer(one.pvBuffer);
    }
    // The server wants a certificate, and there is none: the same again goes on without.
    if (status == SEC_I_INCOMPLETE_CREDENTIALS) return IoResult::Ok();
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED) {
      Flush();  // an alert
      return Explain(status);
    }
    if (!queued) return Fail(Errc::TlsHandshake, "a message of this client's is too long");
    Keep(in[1].BufferType == SECBUFFER_EXTRA ? in[1].cbBuffer : 0);
    finished_ = status == SEC_E_OK;
    return IoResult::Ok();
  }

  IoResult Establish() {
    const CERT_CONTEXT* shown = nullptr;
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &shown) != SEC_E_OK || shown == nullptr)
      return Fail(Errc::CertificateUntrusted, "the server has shown no certificate");
    const detail::CertificatePtr certificate(shown);
    const Errc fault = peer_.Check(context_, name_, shown);
    if (fault != Errc::None) {
      Shut();
      return Fail(fault, peer_.Text());
    }
    SecPkgContext_ConnectionInfo connection{};
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_STREAM_SIZES, &sizes_) != SEC_E_OK ||
        QueryContextAttributesW(&security_, SECPKG_ATTR_CONNECTION_INFO, &connection) != SEC_E_OK)
      return Fail(Errc::TlsHandshake, "Schannel does not say what it needs");
    if ((connection.dwProtocol & SP_PROT_TLS1_2_CLIENT) == 0)
      return Fail(Errc::TlsVersion, "the TLS version is another than 1.2");
    if (sizes_.cbHeader + sizes_.cbMaximumMessage + sizes_.cbTrailer > kRoom)
      sizes_.cbMaximumMessage = static_cast<unsigned long>(kRoom - sizes_.cbHeader - sizes_.cbTrailer);
    SecPkgContext_SessionInfo session{};
    resumed_ = QueryContextAttributesW(&security_, SECPKG_ATTR_SESSION_INFO, &session) == SEC_E_OK &&
               (session.dwFlags & SSL_SESSION_RECONNECT) != 0;
    SecPkgContext_CipherInfo cipher{};
    cipher.dwVersion = SECPKGCONTEXT_CIPHERINFO_V1;
    cipher_.Assign("unknown");
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_CIPHER_INFO, &cipher) == SEC_E_OK) {
      cipher_.Clear();
      for (const wchar_t* at = cipher.szCipherSuite; *at != 0 && *at < 128; ++at) {
        const char c = static_cast<char>(*at);
        cipher_.Append({&c, 1});
      }
    }
    Bind();
    secured_ = true;
    return IoResult::Ok();
  }

  /// RFC 5929 4; Windows puts the type in front.
  void Bind() noexcept {
    constexpr std::string_view kPrefix = "tls-server-end-point:";
    const TlsChannelBinding kind = context_.ChannelBinding();
    if (kind != TlsChannelBinding::Automatic && kind != TlsChannelBinding::ServerEndPoint) return;
    SecPkgContext_Bindings told{};
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_ENDPOINT_BINDINGS, &told) != SEC_E_OK ||
        told.Bindings == nullptr)
      return;
    const std::string_view data(reinterpret_cast<const char*>(told.Bindings) + told.Bindings->dwApplicationDataOffset,
                                told.Bindings->cbApplicationDataLength);
    if (data.substr(0, kPrefix.size()) == kPrefix && data.size() - kPrefix.size() <= sizeof binding_) {
      binding_size_ = data.size() - kPrefix.size();
      std::memcpy(binding_, data.data() + kPrefix.size(), binding_size_);
    }
    FreeContextBuffer(told.Bindings);
  }

  /// One record of what was received. Done where it may have brought data.
  IoResult Decrypt() {
    SecBuffer parts[4] = {{static_cast<unsigned long>(received_), SECBUFFER_DATA, in_.get()},
                          {0, SECBUFFER_EMPTY, nullptr},
                          {0, SECBUFFER_EMPTY, nullptr},
                          {0, SECBUFFER_EMPTY, nullptr}};
    SecBufferDesc list{SECBUFFER_VERSION, 4, parts};
    const SECURITY_STATUS status = DecryptMessage(&security_, &list, 0, nullptr);
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
      starved_ = true;
      return received_ == kRoom ? Fail(Errc::ConnectionLost, "a record of the server's is too long") : IoResult::Ok();
    }
    if (status == SEC_I_CONTEXT_EXPIRED) return IoResult::EndOfFile();
    if (status == SEC_I_RENEGOTIATE) return Fail(Errc::ConnectionLost, "the server asked for a new negotiation");
    if (status != SEC_E_OK) return Explain(status);
    std::size_t extra = 0;
    for (const SecBuffer& part : parts) {
      if (part.BufferType == SECBUFFER_DATA) {
        plain_ = static_cast<const char*>(part.pvBuffer);
        plain_size_ = part.cbBuffer;
      } else if (part.BufferType == SECBUFFER_EXTRA) {
        extra = part.cbBuffer;
      }
    }
    // The data stands in front of the next record: that one is moved when the data is gone.
    extra_ = received_ - extra;
    received_ = extra;
    return IoResult::Ok();
  }

  bool Encrypt(const char* bytes, std::size_t size) noexcept {
    std::memcpy(out_.get() + sizes_.cbHeader, bytes, size);
    const auto length = static_cast<unsigned long>(size);
    char* const at = out_.get();
    SecBuffer parts[4] = {{sizes_.cbHeader, SECBUFFER_STREAM_HEADER, at},
                          {length, SECBUFFER_DATA, at + sizes_.cbHeader},
                          {sizes_.cbTrailer, SECBUFFER_STREAM_TRAILER, at + sizes_.cbHeader + size},
                          {0, SECBUFFER_EMPTY, nullptr}};
    SecBufferDesc list{SECBUFFER_VERSION, 4, parts};
    if (EncryptMessage(&security_, 0, &list, 0) != SEC_E_OK) return false;
    out_begin_ = 0;
    out_end_ = std::size_t{parts[0].cbBuffer} + parts[1].cbBuffer + parts[2].cbBuffer;
    return true;
  }

  /// More bytes from the socket, behind those that are there.
  IoResult Receive() {
    const IoResult got = socket_.Read(in_.get() + received_, kRoom - received_);
    starved_ = got.status != IoStatus::Done;
    if (got.status == IoStatus::Done) received_ += got.size;
    if (got.status == IoStatus::Failed && secured_) return Fail(got.error, {});
    return got;
  }

  /// The data is gone: what stands behind it moves to the front.
  void CloseGap() noexcept {
    if (extra_ != 0) std::memmove(in_.get(), in_.get() + extra_, received_);
    extra_ = 0;
  }

  /// Of the received bytes the last `size` are left.
  void Keep(std::size_t size) noexcept {
    std::memmove(in_.get(), in_.get() + received_ - size, size);
    received_ = size;
  }

  bool Queue(const char* bytes, std::size_t size) noexcept {
    if (out_begin_ == out_end_) out_begin_ = out_end_ = 0;
    if (size > kRoom - out_end_) return false;
    std::memcpy(out_.get() + out_end_, bytes, size);
    out_end_ += size;
    return true;
  }

  IoResult Flush() {
    while (out_begin_ < out_end_) {
      const IoResult result = socket_.Write(out_.get() + out_begin_, out_end_ - out_begin_);
      if (result.status != IoStatus::Done) return result;
      out_begin_ += result.size;
    }
    return IoResult::Ok();
  }

  IoResult Explain(SECURITY_STATUS status) {
    // The first bytes of a TLS record are no printable text; those of any SMTP reply are.
    if (!secured_ && received_ >= 3 && detail::IsDigit(in_[0]) && detail::IsDigit(in_[1]) && detail::IsDigit(in_[2]))
      return Fail(
          Errc::TlsHandshake,
          "the server answered in plain text: this port wants STARTTLS (set SMTPConnectionType to STARTTLS), or "
          "has no TLS at all");
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
    if (received_ == 7 && in_[0] == kAlert) return static_cast<unsigned char>(in_[6]);
    return received_ > 10 && in_[0] == kHandshake && in_[5] == kServerHello && in_[9] == 3 && in_[10] < 3 ? 70 : 0;
  }

  IoResult Fail(int number, std::string_view text) noexcept {
    failed_ = number;
    if (!text.empty()) fault_text_.Assign(text);
    return IoResult::Fail(number);
  }
  IoResult Fail(Errc code, std::string_view text) noexcept { return Fail(static_cast<int>(code), text); }

  /// Says close_notify, where that can go at once.
  void Shut() {
    DWORD word = SCHANNEL_SHUTDOWN;
    SecBuffer token{sizeof word, SECBUFFER_TOKEN, &word};
    SecBufferDesc list{SECBUFFER_VERSION, 1, &token};
    if (Flush().status != IoStatus::Done || ApplyControlToken(&security_, &list) != SEC_E_OK) return;
    SecBuffer out{0, SECBUFFER_TOKEN, nullptr};
    SecBufferDesc out_list{SECBUFFER_VERSION, 1, &out};
    DWORD attributes = 0;
    TimeStamp expiry;
    InitializeSecurityContextW(context_.Credentials(), &security_, nullptr, kRequirements, 0, 0, nullptr, 0, nullptr,
                               &out_list, &attributes, &expiry);
    if (out.pvBuffer == nullptr) return;
    if (Queue(static_cast<const char*>(out.pvBuffer), out.cbBuffer)) Flush();
    FreeContextBuffer(out.pvBuffer);
  }

  void EndTls() {
    if (secured_ && failed_ == 0) Shut();
    if (has_security_) DeleteSecurityContext(&security_);
    if (in_ != nullptr) detail::Wipe(in_.get(), kRoom);
    if (out_ != nullptr) detail::Wipe(out_.get(), kRoom);
    in_.reset();
    out_.reset();
    detail::Wipe(binding_, sizeof binding_);
    binding_size_ = unfinished_ = received_ = extra_ = plain_size_ = out_begin_ = out_end_ = 0;
    handshake_wants_ = blocked_ = Readiness::None;
    failed_ = 0;
    has_security_ = active_ = finished_ = secured_ = resumed_ = starved_ = false;
  }

  Socket socket_;
  detail::SchannelContext context_;
  detail::SchannelPeer peer_;
  detail::TlsName name_;
  wchar_t target_[256] = {};
  bool configured_ = false;

  CtxtHandle security_{};
  bool has_security_ = false;  // security_ is one
  bool active_ = false;        // the wire is no more in plain text
  bool finished_ = false;      // Schannel has all it needs, what it says last may still have to go
  bool secured_ = false;
  bool resumed_ = false;
  int failed_ = 0;  // the error that ended it; nothing is done after it
  FixedText<256> fault_text_;
  FixedText<64> cipher_;
  SecPkgContext_StreamSizes sizes_{};
  Readiness blocked_ = Readiness::None;
  Readiness handshake_wants_ = Readiness::None;
  std::unique_ptr<char[]> in_, out_;  // kRoom each, while TLS is under way
  bool starved_ = false;              // what was received is no whole message: the socket has to give more
  const char* plain_ = nullptr;       // decrypted, in in_
  std::size_t plain_size_ = 0;
  std::size_t received_ = 0;   // bytes not decrypted, from in_ + extra_ on
  std::size_t extra_ = 0;      // where they begin
  std::size_t out_begin_ = 0;  // encrypted bytes that are to be sent
  std::size_t out_end_ = 0;
  std::size_t unfinished_ = 0;  // how many of the caller's bytes those are
  char binding_[64] = {};
  std::size_t binding_size_ = 0;
};

SMTPOLL_NAMESPACE_END

#endif
