// smtpoll as a module of C++20: what a program names, exported. Macros do not pass through a module, so an opt-in part is
// switched on where this file is compiled, and its names are added here.
module;

#include <smtpoll/smtpoll.hpp>

export module smtpoll;

export namespace smtpoll {

// Floor 5: what a program uses.
using smtpoll::BasicSMTPSocket;
using smtpoll::SMTPSocket;
using smtpoll::SMTPSecureSocket;
using smtpoll::BasicSession;
using smtpoll::Session;
using smtpoll::SecureSession;
using smtpoll::PollStatus;
using smtpoll::CommandResult;
using smtpoll::SendResult;
using smtpoll::RecipientResult;
using smtpoll::Outcome;
using smtpoll::EventFunctions;
using smtpoll::NoEvents;
using smtpoll::DefaultLimits;
using smtpoll::ClientSettings;
using smtpoll::SecureSettings;
using smtpoll::Security;
using smtpoll::Driver;

// Floors 4 and 3: how bytes travel.
using smtpoll::PlainTransport;
using smtpoll::TlsSettings;
using smtpoll::TlsVersion;
using smtpoll::TlsChannelBinding;
using smtpoll::RequireTransportPolicy;
using smtpoll::NativeSocket;
using smtpoll::BasicTcpSocket;
using smtpoll::Endpoint;
using smtpoll::RequireSocketPolicy;
using smtpoll::kCanListen;
using smtpoll::kCanReadWait;
using smtpoll::ProxySettings;
using smtpoll::ProxySocket;
using smtpoll::Socks5Proxy;
using smtpoll::HttpConnectProxy;
using smtpoll::NetworkInterface;

// Floor 2: SMTP without I/O.
using smtpoll::Engine;
using smtpoll::Event;
using smtpoll::EventKind;
using smtpoll::SessionOptions;
using smtpoll::StartTls;
using smtpoll::Transcript;
using smtpoll::Side;
using smtpoll::Timeouts;
using smtpoll::Envelope;
using smtpoll::Recipient;
using smtpoll::BodyType;
using smtpoll::Reply;
using smtpoll::Capabilities;
using smtpoll::Extension;
using smtpoll::AuthMechanism;
using smtpoll::Credentials;

// Floor 1: messages.
using smtpoll::EmailMessage;
using smtpoll::EmailAttachment;
using smtpoll::MessageSource;
using smtpoll::MessageFault;
using smtpoll::MessageFinding;
using smtpoll::MessagePriority;
using smtpoll::RecipientOptions;
using smtpoll::InternetHeaders;
using smtpoll::Mailbox;
using smtpoll::MessageSigner;
using smtpoll::MessageSigning;
using smtpoll::MimeTypeOf;

// Floor 0: errors, byte sources.
using smtpoll::Error;
using smtpoll::Errc;
using smtpoll::Phase;
using smtpoll::EnhancedCode;
using smtpoll::Name;
using smtpoll::ToString;
using smtpoll::ToErrorCode;
using smtpoll::Category;
using smtpoll::make_error_code;
using smtpoll::Source;
using smtpoll::MemorySource;
using smtpoll::SourceResult;
using smtpoll::SourceStatus;
using smtpoll::kUnknownSize;
using smtpoll::IoResult;
using smtpoll::IoStatus;
using smtpoll::Readiness;
using smtpoll::Includes;
using smtpoll::operator|;
using smtpoll::Sequence;
using smtpoll::Span;
using smtpoll::FixedText;
using smtpoll::DeliveryOptions;
using smtpoll::DsnReturn;
using smtpoll::DsnNotify;
using smtpoll::DeliverByMode;
using smtpoll::TlsRequired;
using smtpoll::Unoffered;
using smtpoll::Version;
using smtpoll::Millis;
using smtpoll::kNever;

namespace System {
using smtpoll::System::NetworkInterfaces;
using smtpoll::System::NetworkInterfaceCount;
using smtpoll::System::HostAddress;
}  // namespace System

}  // namespace smtpoll
