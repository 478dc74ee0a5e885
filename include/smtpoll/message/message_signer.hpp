// What signs a message while it is rendered, for example by DKIM (dkim_openssl.hpp, dkim_mbedtls.hpp). The message
// floor knows this interface only; without a signer nothing else of signing is compiled. A signed message is rendered
// twice: once for the signer to read, then for the wire with the signature before it.
#ifndef SMTPOLL_MESSAGE_MESSAGE_SIGNER_HPP
#define SMTPOLL_MESSAGE_MESSAGE_SIGNER_HPP

#include <string>
#include <string_view>

#include "smtpoll/base/function.hpp"
#include "smtpoll/base/owned.hpp"

SMTPOLL_NAMESPACE_BEGIN

/// The signing of one message.
class MessageSigning {
 public:
  MessageSigning() = default;
  MessageSigning(const MessageSigning&) = delete;
  MessageSigning& operator=(const MessageSigning&) = delete;
  virtual ~MessageSigning() = default;

  /// Reads the next piece of the body, in the transfer encoding and with the line ends it has on the wire.
  virtual void Update(std::string_view piece) = 0;

  /// The body is over: appends the signature to `to`, whole header fields of Size() bytes, each ended by CRLF. False
  /// where the key does not work.
  virtual bool Finish(std::string& to) = 0;

  /// Bytes that Finish appends, known from the start so that the message's size is.
  virtual std::size_t Size() const noexcept = 0;
};

/// Signs any number of messages; EmailMessage::Signer points at one. Begin may be called while other signings of the
/// same signer are under way.
class MessageSigner {
 public:
  MessageSigner() = default;
  MessageSigner(const MessageSigner&) = delete;
  MessageSigner& operator=(const MessageSigner&) = delete;
  virtual ~MessageSigner() = default;

  /// Why no message can be signed, in a few words; nullptr where all is well. Asked before anything is sent.
  virtual const char* Fault() const noexcept = 0;

  /// Starts to sign a message with this header: its fields as they go over the wire, each line ended by CRLF, without
  /// the empty line. The signing must not outlive the signer.
  virtual Owned<MessageSigning> Begin(std::string_view header) const = 0;
};

/// What points at a signer: a std::shared_ptr or anything like it, which keeps the signer, or a plain pointer, which
/// does not. Copies point at the same signer.
class SignerPointer {
  template <typename Pointer>
  using Fits = decltype(std::declval<const MessageSigner*&>() = &*std::declval<const Pointer&>());

 public:
  /// No signer.
  SignerPointer() = default;
  /// No signer.
  SignerPointer(std::nullptr_t) noexcept {}
  /// The signer that `pointer` points at, or none where it is null.
  template <typename Pointer, typename = Fits<Pointer>>
  SignerPointer(Pointer pointer) {
    if (pointer == nullptr) return;
    signer_ = [kept = std::move(pointer)]() -> const MessageSigner* { return &*kept; };
  }

  /// The signer; nullptr where there is none.
  const MessageSigner* get() const { return signer_ ? signer_() : nullptr; }
  /// The signer, which must be there.
  const MessageSigner* operator->() const { return get(); }
  /// True where there is a signer.
  explicit operator bool() const noexcept { return static_cast<bool>(signer_); }

 private:
  Function<const MessageSigner*()> signer_;
};

SMTPOLL_NAMESPACE_END

#endif
