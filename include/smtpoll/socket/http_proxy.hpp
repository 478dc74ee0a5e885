// HTTP's CONNECT (RFC 9110 9.3.6, RFC 9112 3.2.3) with Basic authentication (RFC 7617): how a server is reached through
// a web proxy. Only a status of 2xx opens the way; the header behind it is read to its end and not a byte further.
#ifndef SMTPOLL_SOCKET_HTTP_PROXY_HPP
#define SMTPOLL_SOCKET_HTTP_PROXY_HPP

#include "smtpoll/base/ascii.hpp"
#include "smtpoll/base/base64.hpp"
#include "smtpoll/socket/detail/address_text.hpp"
#include "smtpoll/socket/proxy_socket.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

class HttpConnectDialogue : public ProxyDialogue {
 public:
  bool Start(const Endpoint& to, const ProxySettings& proxy) noexcept {
    line_.Clear();
    line_ended_ = false;
    header_size_ = matched_ = 0;
    std::string_view host = to.host;
    const bool v6 = TakeBrackets(host);
    if (!Restart(host)) return false;
    if (!IsAllAscii(host)) return Fail(Errc::NameResolution, "HTTP needs the server's name in A-labels");
    // What the two lines with the host leave of the buffer is more than this becomes in base64.
    constexpr std::size_t kMaxLogin = 600;
    const std::size_t login = proxy.UserName.size() + 1 + proxy.Password.size();
    if (login > kMaxLogin)
      return Fail(Errc::ProxyAuthentication, "HTTP takes user names and passwords of up to 599 bytes here");
    if (proxy.UserName.find(':') != std::string::npos)
      return Fail(Errc::ProxyAuthentication, "HTTP has no place for a colon in a user name");
    FixedText<kMaxHost + 8> authority(v6 ? "[" : "");
    authority.Append(host);
    authority.Append(v6 ? "]:" : ":");
    authority.AppendDecimal(to.port);
    for (const std::string_view piece :
         {std::string_view("CONNECT "), authority.View(), std::string_view(" HTTP/1.1\r\nHost: "), authority.View()})
      Say().Append(piece);
    if (!proxy.UserName.empty()) {
      Say().Append("\r\nProxy-Authorization: Basic ");
      char text[kMaxLogin];
      proxy.UserName.copy(text, proxy.UserName.size());
      text[proxy.UserName.size()] = ':';
      proxy.Password.copy(text + proxy.UserName.size() + 1, proxy.Password.size());
      Say().Commit(Base64Encode(text, login, Say().Free().data()));
      Wipe(text, sizeof text);
    }
    Say().Append("\r\n\r\n");
    return true;
  }

  /// However the answer goes on, so many bytes are missing until its end.
  Span<char> Input() noexcept { return {piece_, sizeof piece_ - matched_}; }

  bool Received(std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
      const char c = piece_[i];
      matched_ = c == "\r\n\r\n"[matched_] ? matched_ + 1 : c == '\r' ? 1 : 0;
      if (++header_size_ > kMaxHeader) return Fail(Errc::ProxyRefused, "the HTTP proxy's answer has no end");
      if (line_ended_) continue;
      if (c == '\n') {
        line_ended_ = true;
        if (!JudgeStatus(line_.View())) return false;
      } else if (c != '\r') {
        const char shown = IsPrint(c) ? c : '?';
        line_.Append({&shown, 1});
      }
    }
    if (matched_ == sizeof piece_) Finish();
    return true;
  }

 private:
  static constexpr std::size_t kMaxHeader = 16384;

  /// "HTTP/1.1 200 Connection established"; the words may be missing.
  bool JudgeStatus(std::string_view line) noexcept {
    constexpr std::size_t kCode = 9;
    const bool http = line.substr(0, 7) == "HTTP/1." && line.size() >= kCode + 3 && line[kCode - 1] == ' ' &&
                      (line.size() == kCode + 3 || line[kCode + 3] == ' ');
    std::uint64_t code = 0;
    if (!http || !ParseDecimal(line.substr(kCode, 3), code))
      return Fail(Errc::ProxyRefused, "the proxy does not speak HTTP/1.1");
    if (code / 100 == 2) return true;
    // tinyproxy says 401 where 407 is meant.
    return Fail(code == 407 || code == 401 ? Errc::ProxyAuthentication : Errc::ProxyRefused, line);
  }

  std::size_t header_size_ = 0;
  std::size_t matched_ = 0;  // characters of the header's end that have come
  bool line_ended_ = false;  // the status line is whole, and was good
  FixedText<160> line_;      // the status line, fit to be shown
  char piece_[4];
};

}  // namespace detail

/// `Socket` through an HTTP proxy by CONNECT: BasicSMTPSocket<HttpConnectProxy<NativeSocket>>, and
/// `mail.Layer().NextLayer().Proxy.Address = "proxy.example.org"`. Errors: ProxySocket.
template <typename Socket>
using HttpConnectProxy = ProxySocket<Socket, detail::HttpConnectDialogue>;

SMTPOLL_NAMESPACE_END

#endif
