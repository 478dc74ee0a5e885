// How the Engine's session opens: EHLO or HELO or LHLO (RFC 5321 3.2), STARTTLS (RFC 3207), AUTH (RFC 4954).
// Invariant: no credential is written before the wire is encrypted, unless the caller allowed that by name.
#ifndef SMTPOLL_PROTOCOL_DETAIL_ENGINE_OPENING_HPP
#define SMTPOLL_PROTOCOL_DETAIL_ENGINE_OPENING_HPP

#include "smtpoll/protocol/engine.hpp"

SMTPOLL_NAMESPACE_BEGIN

inline Event Engine::OnOpeningReply(Await what, const Reply& reply) noexcept {
  Event event;
  event.reply = reply;
  switch (what) {
    case Await::Greeting:
      if (!reply.IsPositive()) {
        FailPolitely(what, Errc::ServiceRefused, reply);
        return {};
      }
      event.kind = EventKind::Greeting;
      SayHello(options_.lmtp ? Await::Lhlo : Await::Ehlo);
      return event;
    case Await::Ehlo:
    case Await::Helo:
    case Await::Lhlo:
      if (reply.IsPositive()) {
        if (what != Await::Helo) capabilities_ = Capabilities::FromReplyText(reply.text);
        event.kind = EventKind::Hello;
        if (options_.secured || options_.start_tls == StartTls::Never)
          EndOpening();
        else if (capabilities_.Has(Extension::StartTls))
          commands_.Write(Await::StartTls);
        else if (options_.start_tls == StartTls::IfOffered)
          EndOpening();
        else
          FailPolitely(Errc::TlsRefused, Phase::Tls, "STARTTLS is not offered");
        return event;
      }
      // RFC 5321 3.2: a server that does not know EHLO gets HELO.
      if (what == Await::Ehlo && reply.IsPermanent())
        SayHello(Await::Helo);
      else
        FailPolitely(what, Errc::ServiceRefused, reply);
      return {};
    default: return {};
  }
}

inline Event Engine::OnStartTlsReply(const Reply& reply) noexcept {
  if (!reply.IsPositive()) {
    if (options_.start_tls == StartTls::IfOffered)
      EndOpening();
    else
      FailPolitely(Await::StartTls, Errc::TlsRefused, reply);
    return {};
  }
  // RFC 3207 4.2: what stands behind the 220 was sent in the clear, and would be read as if it had been encrypted.
  if (input_.Filled().size() != reply_size_) {
    Fail(Errc::UnexpectedReply, Phase::Tls,
         "plain text was sent behind the answer to STARTTLS: use implicit TLS (port 465), or another network");
    return {};
  }
  stage_ = Stage::AwaitTls;
  Event event;
  event.kind = EventKind::NeedTls;
  event.reply = reply;
  return event;
}

inline void Engine::Secured(Millis now, std::string_view channel_binding_type,
                            std::string_view channel_binding) noexcept {
  if (stage_ != Stage::AwaitTls) return;
  options_.secured = true;
  options_.credentials.channel_binding_type = channel_binding_type;
  options_.credentials.channel_binding = channel_binding;
  capabilities_ = {};
  input_.Clear();
  reply_size_ = 0;
  parser_.Reset();
  waiting_since_ = now;
  stage_ = Stage::Opening;
  SayHello(options_.lmtp ? Await::Lhlo : Await::Ehlo);
}

inline void Engine::EndOpening() noexcept {
  if (options_.credentials.empty())
    stage_ = Stage::Ready;
  else if (detail::kHasAuth)
    Authenticate(0);
  else
    FailPolitely(Errc::AuthenticationUnavailable, Phase::Authentication, "SMTPOLL_NO_AUTH leaves AUTH out");
}

inline void Engine::SayHello(Await what) noexcept { commands_.Write(what, options_.client_name); }

// RFC 4954: the strongest mechanism, from number `first` on, that the server offers and the credentials fit. `refusal`
// is the server's word on the one before, where that is why the next is tried.
inline void Engine::Authenticate(std::size_t first, const Reply* refusal) noexcept {
  const Credentials& credentials = options_.credentials;
  if (!options_.secured && !options_.allow_plaintext_credentials) {
    FailPolitely(Errc::CredentialsOnPlainWire, Phase::Authentication, "encrypt the connection or allow it by name");
    return;
  }
  Error error(Errc::AuthenticationUnavailable, Phase::Authentication);
  const AuthMechanism mechanism = detail::StrongestMechanism(capabilities_, credentials, first, error.text);
  if (mechanism != AuthMechanism::Any) return StartMechanism(mechanism);
  if (error.text.empty()) error.text.Assign("use its port for submission (587, 465), or no UserName");
  FailPolitely(refusal == nullptr ? error : ErrorOn(Await::Auth, Errc::AuthenticationUnavailable, *refusal));
}

inline void Engine::StartMechanism(AuthMechanism mechanism) noexcept {
  sasl_.Start(mechanism, options_.credentials);
  FixedText<64> command(detail::RuleOf(Await::Auth).command);
  command.Append(Name(mechanism));
  const std::size_t size = sasl_.SpeaksFirst() ? sasl_.ResponseSize() : 0;
  if (size + 2 > commands_.Buffer().Free().size()) {
    FailPolitely(Errc::OutOfMemory, Phase::Authentication, "the credentials do not fit the send buffer");
    return;
  }
  // RFC 4954 4: a command line has 512 bytes; what is longer waits to be asked for.
  command.Append(" ");
  if (!sasl_.SpeaksFirst() || command.View().size() + size + 2 > 512)
    return commands_.Write(Await::Auth, Name(mechanism));
  FixedText<72> shown(command.View());
  shown.Append("****");
  commands_.WriteSecret(Await::Auth, command.View(), shown.View(), [this](char* into) {
    const std::size_t written = sasl_.WriteResponse(into);
    if (written == 0) *into = '=';
    return written == 0 ? 1 : written;
  });
}

inline Event Engine::OnAuthReply(const Reply& reply) noexcept {
  if (reply.IsIntermediate()) {
    // The text stands in the receive buffer, and is decoded there.
    const Span<char> received = input_.Filled();
    Respond(sasl_.Take({received.data() + (reply.text.data() - received.data()), reply.text.size()}));
    return {};
  }
  if (reply.IsPositive()) {
    if (!sasl_.Verified(reply.text)) {
      FailPolitely(Errc::AuthenticationFailed, Phase::Authentication,
                   "the server did not prove that it knows the password");
      return {};
    }
    sasl_.Stop();
    stage_ = Stage::Ready;
    Event event;
    event.kind = EventKind::Authenticated;
    event.reply = reply;
    return event;
  }
  // RFC 4954 4 and 6: 504 and 534 refuse the mechanism and not the credentials; another one may do.
  if (reply.code == 504 || reply.code == 534) {
    Authenticate(static_cast<std::size_t>(sasl_.Mechanism()) + 1, &reply);
    return {};
  }
  Error error = ErrorOn(Await::Auth, Errc::AuthenticationFailed, reply);
  if (!sasl_.Remark().empty()) {
    error.text.Assign(sasl_.Remark());
    error.text.Append(" ");
    error.text.Append(reply.text);
  }
  FailPolitely(error);
  return {};
}

inline void Engine::Respond(detail::SaslStep step) noexcept {
  if (step == detail::SaslStep::Again) return;
  if (step == detail::SaslStep::Respond && sasl_.ResponseSize() + 2 > commands_.Buffer().Free().size())
    step = sasl_.Cancel("the response does not fit the send buffer");
  if (step == detail::SaslStep::Respond)
    commands_.WriteSecret(Await::Auth, "", "****", [this](char* into) { return sasl_.WriteResponse(into); });
  else
    commands_.Write(Await::AuthCancelled);  // RFC 4954 4: the way to cancel
}

SMTPOLL_NAMESPACE_END

#endif
