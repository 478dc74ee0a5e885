// What a transport policy must be: the layer between the engine and a socket, where TLS lives. It owns its socket, and
// like a socket it never blocks, never throws, and reports a lost connection as Closed or as Errc::ConnectionLost.
//
// The shortest correct policy has these members (transport/plain.hpp is one that runs):
//
//   template <typename Socket>
//   class MyTransport {
//    public:
//     static constexpr bool kEncrypts = true;               // whether credentials may pass, once Secured()
//     MyTransport();                                        // its settings are members of its own
//     Socket& NextLayer();                                  // connects, waits and has the addresses
//     const Socket& NextLayer() const;
//     IoResult Handshake(std::string_view server_name);     // a step: Done, Again or Failed; NextLayer is connected
//     IoResult Read(char* into, std::size_t room);
//     IoResult Write(const char* bytes, std::size_t size);  // after Again it comes again with the same bytes in front
//     Readiness Wants() const;                              // what the wire has to become before the last Again ends
//     bool Secured() const;                                 // the handshake is done and what is sent is encrypted
//     void Close();                                         // ends the encryption and closes NextLayer; more than once
//   };
//
// Before the first Handshake, bytes pass in plain text (SMTP's STARTTLS begins so). Handshake is called again until it
// says no more Again; Close ends it, and the object is as new. Read may have to write and Write to read (TLS): Wants()
// says so, and is None where Read just waits for the wire to be readable and Write for it to be writable. Closed means
// that the peer ended in order; TLS that is cut off without its close_notify has Failed with Errc::ConnectionLost.
// After a Write that has Failed, Read still gives what had come before: a server that ends may have said why.
//
// A transport that can say or do more adds any of these, and is then used so:
//
//     Error Configure(const TlsSettings&);         // before each connection: loads what the settings name, or says
//     what
//                                                  // cannot be used; SMTPSecureSocket's settings come with it
//     std::string_view FaultText() const;          // in words, until Close: what the last Failed was about and what to
//                                                  // do; empty where the error number says it all
//     bool Pending() const;                        // Read has bytes although the wire may never be readable again
//     std::string_view ChannelBindingType() const; // once Secured, until Close: for SCRAM-...-PLUS, see
//     std::string_view ChannelBinding() const;     // TlsChannelBinding; empty where there is none
//     std::string_view ProtocolName() const;       // once Secured, for diagnostics: "TLSv1.3"
//     std::string_view CipherName() const;         // and the cipher suite by the library's name
#ifndef SMTPOLL_TRANSPORT_TRANSPORT_POLICY_HPP
#define SMTPOLL_TRANSPORT_TRANSPORT_POLICY_HPP

#include "smtpoll/base/error.hpp"
#include "smtpoll/socket/socket_policy.hpp"
#include "smtpoll/transport/tls_settings.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

template <typename T>
using TransportNextLayer = decltype(std::declval<T&>().NextLayer());
template <typename T>
using TransportConstNextLayer = decltype(std::declval<const T&>().NextLayer());
template <typename T>
using TransportEncrypts = std::bool_constant<T::kEncrypts>;
template <typename T>
using TransportHandshake = decltype(std::declval<T&>().Handshake(std::string_view{}));
template <typename T>
using TransportWants = decltype(std::declval<const T&>().Wants());
template <typename T>
using TransportSecured = decltype(std::declval<const T&>().Secured());
template <typename T>
using TransportConfigure = decltype(std::declval<T&>().Configure(std::declval<const TlsSettings&>()));
template <typename T>
using TransportPending = decltype(std::declval<const T&>().Pending());
template <typename T>
using TransportChannelBinding =
    decltype(std::declval<const T&>().ChannelBindingType(), std::declval<const T&>().ChannelBinding());

template <typename T>
using TransportNames = decltype(std::declval<const T&>().ProtocolName(), std::declval<const T&>().CipherName());

}  // namespace detail

/// True where `Transport` takes TlsSettings.
template <typename Transport>
constexpr bool kTakesTlsSettings = detail::Returns<Error, detail::TransportConfigure, Transport>();
/// True where `Transport` may hold received bytes back.
template <typename Transport>
constexpr bool kMayBePending = detail::Returns<bool, detail::TransportPending, Transport>();
/// True where `Transport` can bind SASL to its session.
template <typename Transport>
constexpr bool kBindsChannels = detail::Returns<std::string_view, detail::TransportChannelBinding, Transport>();

/// True where `Transport` can name the protocol and the cipher of its session.
template <typename Transport>
constexpr bool kNamesSession = detail::Returns<std::string_view, detail::TransportNames, Transport>();

/// Fails to compile, with one sentence a missing member, where `Transport` is no transport policy over `Socket`.
template <template <typename> class Transport, typename Socket>
constexpr void RequireTransportPolicy() noexcept {
  using namespace detail;
  using T = Transport<Socket>;
  static_assert(std::is_default_constructible_v<T>, "TransportPolicy: needs a constructor without arguments");
  static_assert(IsValid<TransportEncrypts, void, T>::value, "TransportPolicy: needs static constexpr bool kEncrypts");
  static_assert(Returns<Socket&, TransportNextLayer, T>(), "TransportPolicy: needs Socket& NextLayer()");
  static_assert(Returns<const Socket&, TransportConstNextLayer, T>(),
                "TransportPolicy: needs const Socket& NextLayer() const");
  static_assert(Returns<IoResult, TransportHandshake, T>(),
                "TransportPolicy: needs IoResult Handshake(string_view server_name)");
  static_assert(Returns<IoResult, StreamRead, T>(), "TransportPolicy: needs IoResult Read(char* into, size_t room)");
  static_assert(Returns<IoResult, StreamWrite, T>(),
                "TransportPolicy: needs IoResult Write(const char* bytes, size_t size)");
  static_assert(Returns<Readiness, TransportWants, T>(), "TransportPolicy: needs Readiness Wants() const");
  static_assert(Returns<bool, TransportSecured, T>(), "TransportPolicy: needs bool Secured() const");
  static_assert(IsValid<StreamClose, void, T>::value, "TransportPolicy: needs void Close()");
}

SMTPOLL_NAMESPACE_END

#endif
