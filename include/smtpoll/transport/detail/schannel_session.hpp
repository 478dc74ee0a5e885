// One session of Schannel's, without a socket: what was received goes in, and what is to be sent and what was decrypted
// come out, of two buffers of its own. Invariant: the buffers are overwritten when the session ends.
#ifndef SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_SESSION_HPP
#define SMTPOLL_TRANSPORT_DETAIL_SCHANNEL_SESSION_HPP

#include <cstring>
#include <memory>
#include <new>

#include "smtpoll/base/fixed_text.hpp"
#include "smtpoll/base/secret.hpp"
#include "smtpoll/base/span.hpp"
#include "smtpoll/transport/detail/schannel_context.hpp"
#include "smtpoll/transport/detail/tls_name.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class SchannelSession {
 public:
  SchannelSession() = default;
  SchannelSession(const SchannelSession&) = delete;
  SchannelSession& operator=(const SchannelSession&) = delete;
  ~SchannelSession() { End(); }

  /// False where there is no room.
  bool Begin(const TlsName& name) noexcept {
    if (in_ == nullptr) in_.reset(new (std::nothrow) char[kRoom]);
    if (out_ == nullptr) out_.reset(new (std::nothrow) char[kRoom]);
    if (in_ == nullptr || out_ == nullptr) return false;
    for (std::size_t i = 0; i <= name.View().size(); ++i) target_[i] = static_cast<wchar_t>(name.Text()[i]);
    // RFC 6066 3: an address is not said to the server.
    says_target_ = !name.IsAddress();
    starved_ = true;
    return true;
  }

  void End() noexcept {
    if (begun_) DeleteSecurityContext(&security_);
    if (in_ != nullptr) Wipe(in_.get(), kRoom);
    if (out_ != nullptr) Wipe(out_.get(), kRoom);
    in_.reset();
    out_.reset();
    received_ = extra_ = plain_size_ = out_begin_ = out_end_ = 0;
    begun_ = finished_ = starved_ = false;
  }

  // ---- What is received.

  /// Where bytes from the wire go to; Received says how many, 0 where the wire has none now.
  Span<char> Room() noexcept { return {in_.get() + received_, kRoom - received_}; }
  void Received(std::size_t size) noexcept {
    received_ += size;
    starved_ = size == 0;
  }
  /// The bytes that no step has used.
  std::string_view Unused() const noexcept { return {in_.get(), received_}; }
  /// What is unused is no whole message: only more bytes lead on.
  bool Starved() const noexcept { return starved_ || received_ == 0; }
  void Starve() noexcept { starved_ = true; }

  // ---- What is to be sent.

  Span<const char> Output() const noexcept { return {out_.get() + out_begin_, out_end_ - out_begin_}; }
  void Sent(std::size_t size) noexcept { out_begin_ += size; }
  void DropOutput() noexcept { out_begin_ = out_end_ = 0; }

  // ---- The handshake.

  /// The first hello was said.
  bool Begun() const noexcept { return begun_; }
  /// Schannel has all that it needs; what it says last may still have to go.
  bool Finished() const noexcept { return finished_; }

  /// One step, and what it wants to be sent. SEC_E_OK where there may be another one; SEC_E_INCOMPLETE_MESSAGE where a
  /// message of the server's is longer than all the room, SEC_E_BUFFER_TOO_SMALL where one of ours is.
  SECURITY_STATUS Negotiate(CredHandle* credentials) noexcept {
    SecBuffer in[2] = {{static_cast<unsigned long>(received_), SECBUFFER_TOKEN, in_.get()},
                       {0, SECBUFFER_EMPTY, nullptr}};
    SecBuffer out[2] = {{0, SECBUFFER_TOKEN, nullptr}, {0, SECBUFFER_ALERT, nullptr}};
    SecBufferDesc in_list{SECBUFFER_VERSION, 2, in}, out_list{SECBUFFER_VERSION, 2, out};
    DWORD attributes = 0;
    TimeStamp expiry;
    const SECURITY_STATUS status = InitializeSecurityContextW(
        credentials, begun_ ? &security_ : nullptr, says_target_ ? target_ : nullptr, kRequirements, 0, 0,
        begun_ ? &in_list : nullptr, 0, begun_ ? nullptr : &security_, &out_list, &attributes, &expiry);
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
      starved_ = true;
      return received_ == kRoom ? status : SEC_E_OK;
    }
    if (status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED) begun_ = true;
    bool queued = true;
    for (const SecBuffer& one : out) {
      if (one.pvBuffer == nullptr) continue;
      if (one.BufferType == SECBUFFER_TOKEN)
        queued = queued && Queue(static_cast<const char*>(one.pvBuffer), one.cbBuffer);
      FreeContextBuffer(one.pvBuffer);
    }
    // The server wants a certificate, and there is none: the same again goes on without.
    if (status == SEC_I_INCOMPLETE_CREDENTIALS) return SEC_E_OK;
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED) return status;
    if (!queued) return SEC_E_BUFFER_TOO_SMALL;
    Keep(in[1].BufferType == SECBUFFER_EXTRA ? in[1].cbBuffer : 0);
    finished_ = status == SEC_E_OK;
    return SEC_E_OK;
  }

  /// The server's certificate, with the others that it sent in its store; null where it showed none.
  CertificatePtr Certificate() noexcept {
    const CERT_CONTEXT* shown = nullptr;
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &shown) != SEC_E_OK) shown = nullptr;
    return CertificatePtr(shown);
  }

  /// What Encrypt has to know; false where Windows does not tell. The version then is one of SP_PROT_.
  bool Measure(DWORD& version) noexcept {
    SecPkgContext_ConnectionInfo connection{};
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_STREAM_SIZES, &sizes_) != SEC_E_OK ||
        QueryContextAttributesW(&security_, SECPKG_ATTR_CONNECTION_INFO, &connection) != SEC_E_OK)
      return false;
    if (sizes_.cbHeader + sizes_.cbMaximumMessage + sizes_.cbTrailer > kRoom)
      sizes_.cbMaximumMessage = static_cast<unsigned long>(kRoom - sizes_.cbHeader - sizes_.cbTrailer);
    version = connection.dwProtocol;
    return true;
  }

  bool IsResumed() noexcept {
    SecPkgContext_SessionInfo session{};
    return QueryContextAttributesW(&security_, SECPKG_ATTR_SESSION_INFO, &session) == SEC_E_OK &&
           (session.dwFlags & SSL_SESSION_RECONNECT) != 0;
  }

  /// Empty where Windows does not tell.
  FixedText<64> CipherName() noexcept {
    FixedText<64> name;
    SecPkgContext_CipherInfo cipher{};
    cipher.dwVersion = SECPKGCONTEXT_CIPHERINFO_V1;
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_CIPHER_INFO, &cipher) == SEC_E_OK) {
      for (const wchar_t* at = cipher.szCipherSuite; *at != 0 && *at < 128; ++at) {
        const char c = static_cast<char>(*at);
        name.Append({&c, 1});
      }
    }
    return name;
  }

  /// tls-server-end-point (RFC 5929 4), which Windows puts the type in front of; its size, 0 where there is none.
  std::size_t ServerEndPoint(Span<char> into) noexcept {
    constexpr std::string_view kPrefix = "tls-server-end-point:";
    SecPkgContext_Bindings told{};
    if (QueryContextAttributesW(&security_, SECPKG_ATTR_ENDPOINT_BINDINGS, &told) != SEC_E_OK ||
        told.Bindings == nullptr)
      return 0;
    const std::string_view data(reinterpret_cast<const char*>(told.Bindings) + told.Bindings->dwApplicationDataOffset,
                                told.Bindings->cbApplicationDataLength);
    std::size_t size = 0;
    if (data.substr(0, kPrefix.size()) == kPrefix && data.size() - kPrefix.size() <= into.size()) {
      size = data.size() - kPrefix.size();
      std::memcpy(into.data(), data.data() + kPrefix.size(), size);
    }
    FreeContextBuffer(told.Bindings);
    return size;
  }

  // ---- The data.

  bool HasPlain() const noexcept { return plain_size_ != 0; }
  /// Decrypted bytes, as many as there are and fit; returns how many.
  std::size_t TakePlain(char* into, std::size_t room) noexcept {
    const std::size_t size = room < plain_size_ ? room : plain_size_;
    std::memcpy(into, plain_, size);
    plain_ += size;
    plain_size_ -= size;
    return size;
  }
  /// The data is gone: what stands behind it moves to the front. Before Room and before Decrypt.
  void CloseGap() noexcept {
    if (extra_ != 0) std::memmove(in_.get(), in_.get() + extra_, received_);
    extra_ = 0;
  }

  /// One record of what was received. SEC_E_OK where it may have brought data, or more bytes are needed;
  /// SEC_E_INCOMPLETE_MESSAGE where it is longer than all the room.
  SECURITY_STATUS Decrypt() noexcept {
    SecBuffer parts[4] = {{static_cast<unsigned long>(received_), SECBUFFER_DATA, in_.get()},
                          {0, SECBUFFER_EMPTY, nullptr},
                          {0, SECBUFFER_EMPTY, nullptr},
                          {0, SECBUFFER_EMPTY, nullptr}};
    SecBufferDesc list{SECBUFFER_VERSION, 4, parts};
    const SECURITY_STATUS status = DecryptMessage(&security_, &list, 0, nullptr);
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
      starved_ = true;
      return received_ == kRoom ? status : SEC_E_OK;
    }
    if (status != SEC_E_OK) return status;
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
    return SEC_E_OK;
  }

  /// Encrypts as many of the bytes as one record takes, once all output is sent; returns how many, 0 after an error.
  std::size_t Encrypt(const char* bytes, std::size_t size) noexcept {
    if (size > sizes_.cbMaximumMessage) size = sizes_.cbMaximumMessage;
    std::memcpy(out_.get() + sizes_.cbHeader, bytes, size);
    const auto length = static_cast<unsigned long>(size);
    char* const at = out_.get();
    SecBuffer parts[4] = {{sizes_.cbHeader, SECBUFFER_STREAM_HEADER, at},
                          {length, SECBUFFER_DATA, at + sizes_.cbHeader},
                          {sizes_.cbTrailer, SECBUFFER_STREAM_TRAILER, at + sizes_.cbHeader + size},
                          {0, SECBUFFER_EMPTY, nullptr}};
    SecBufferDesc list{SECBUFFER_VERSION, 4, parts};
    if (EncryptMessage(&security_, 0, &list, 0) != SEC_E_OK) return 0;
    out_begin_ = 0;
    out_end_ = std::size_t{parts[0].cbBuffer} + parts[1].cbBuffer + parts[2].cbBuffer;
    return size;
  }

  /// Puts close_notify to the output.
  void Shut(CredHandle* credentials) noexcept {
    DWORD word = SCHANNEL_SHUTDOWN;
    SecBuffer token{sizeof word, SECBUFFER_TOKEN, &word};
    SecBufferDesc list{SECBUFFER_VERSION, 1, &token};
    if (ApplyControlToken(&security_, &list) != SEC_E_OK) return;
    SecBuffer out{0, SECBUFFER_TOKEN, nullptr};
    SecBufferDesc out_list{SECBUFFER_VERSION, 1, &out};
    DWORD attributes = 0;
    TimeStamp expiry;
    InitializeSecurityContextW(credentials, &security_, nullptr, kRequirements, 0, 0, nullptr, 0, nullptr, &out_list,
                               &attributes, &expiry);
    if (out.pvBuffer == nullptr) return;
    Queue(static_cast<const char*>(out.pvBuffer), out.cbBuffer);
    FreeContextBuffer(out.pvBuffer);
  }

 private:
  static constexpr std::size_t kRoom = 40 * 1024;  // for two records of the largest size
  static constexpr DWORD kRequirements = ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY |
                                         ISC_REQ_EXTENDED_ERROR | ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_STREAM |
                                         ISC_REQ_MANUAL_CRED_VALIDATION | ISC_REQ_USE_SUPPLIED_CREDS;

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

  CtxtHandle security_{};
  bool begun_ = false;  // security_ is one
  bool finished_ = false;
  bool says_target_ = false;
  wchar_t target_[256] = {};
  SecPkgContext_StreamSizes sizes_{};
  std::unique_ptr<char[]> in_, out_;  // kRoom each, while TLS is under way
  bool starved_ = false;
  const char* plain_ = nullptr;  // decrypted, in in_
  std::size_t plain_size_ = 0;
  std::size_t received_ = 0;   // bytes not decrypted, from in_ + extra_ on
  std::size_t extra_ = 0;      // where they begin
  std::size_t out_begin_ = 0;  // bytes that are to be sent
  std::size_t out_end_ = 0;
};

}  // namespace detail
SMTPOLL_NAMESPACE_END

#endif
