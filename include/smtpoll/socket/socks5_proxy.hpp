// SOCKS5 (RFC 1928) with user name and password (RFC 1929): what a client says to reach a server through such a proxy.
// The server's name goes to the proxy as it is, so that nothing is looked up here; an IP address goes as its bytes.
#ifndef SMTPOLL_SOCKET_SOCKS5_PROXY_HPP
#define SMTPOLL_SOCKET_SOCKS5_PROXY_HPP

#include <initializer_list>

#include "smtpoll/socket/detail/address_bytes.hpp"
#include "smtpoll/socket/detail/address_text.hpp"
#include "smtpoll/socket/proxy_socket.hpp"

SMTPOLL_NAMESPACE_BEGIN
namespace detail {

/// Why a SOCKS5 proxy did not connect (RFC 1928 6).
constexpr std::string_view Socks5Reply(unsigned code) noexcept {
  constexpr std::string_view kReplies[] = {"",
                                           "general failure of the SOCKS5 proxy",
                                           "the SOCKS5 proxy's rules do not allow it",
                                           "the server's network cannot be reached from the SOCKS5 proxy",
                                           "the SOCKS5 proxy cannot reach or resolve the server",
                                           "the server refused the SOCKS5 proxy's connection",
                                           "the SOCKS5 proxy's connection timed out on its way",
                                           "the SOCKS5 proxy knows no CONNECT",
                                           "the SOCKS5 proxy knows no addresses of this kind"};
  return code < sizeof kReplies / sizeof kReplies[0] ? kReplies[code] : "a SOCKS5 reply that nobody defined";
}

class Socks5Dialogue : public ProxyDialogue {
 public:
  bool Start(const Endpoint& to, const ProxySettings& proxy) noexcept {
    proxy_ = &proxy;
    host_.Assign(to.host);
    port_ = to.port;
    if (!Restart(to.host)) return false;
    std::string_view host = to.host;
    const bool literal = TakeBrackets(host);
    if (const std::size_t size = ParseAddress(host, address_); size != 0)
      kind_ = size == 4 ? kIPv4 : kIPv6;
    else if (!literal)
      kind_ = kName;
    else
      return Fail(Errc::NameResolution, "the server's address is none");
    if (proxy.UserName.size() > 255 || proxy.Password.size() > 255)
      return Fail(Errc::ProxyAuthentication, "SOCKS5 takes user names and passwords of up to 255 bytes");
    Put({kVersion, proxy.UserName.empty() ? 1u : 2u, kNoLogin});
    if (!proxy.UserName.empty()) Put({kLogin});
    Await(Step::Method, 2);
    return true;
  }

  Span<char> Input() noexcept { return {answer_ + size_, wanted_ - size_}; }

  bool Received(std::size_t size) noexcept {
    size_ += size;
    if (size_ < wanted_) return true;
    switch (step_) {
      case Step::Method: return TakeMethod();
      case Step::Login:
        if (At(1) != 0) return Fail(Errc::ProxyAuthentication, "the SOCKS5 proxy refused the user name or password");
        Ask();
        return true;
      case Step::Reply:
        if (At(0) != kVersion) return NoSocks5();
        if (At(1) != 0) return Fail(Errc::ProxyRefused, Socks5Reply(At(1)));
        Await(Step::Kind, 3);
        return true;
      case Step::Kind: return TakeKind();
      case Step::Address: Finish(); return true;
    }
    return true;
  }

 private:
  /// What is waited for: the method chosen, the word on the password, the first two bytes of the reply, three more that
  /// say how long its address is, and the rest of that.
  enum class Step : std::uint8_t { Method, Login, Reply, Kind, Address };
  static constexpr unsigned kVersion = 5, kNoLogin = 0, kLogin = 2, kNoMethod = 255, kConnect = 1;
  static constexpr unsigned kIPv4 = 1, kName = 3, kIPv6 = 4;

  void Put(std::initializer_list<unsigned> bytes) noexcept {
    for (const unsigned byte : bytes) {
      const char c = static_cast<char>(byte & 0xff);
      Say().Append({&c, 1});
    }
  }
  void PutCounted(std::string_view text) noexcept {
    Put({static_cast<unsigned>(text.size())});
    Say().Append(text);
  }
  unsigned At(std::size_t i) const noexcept { return static_cast<unsigned char>(answer_[i]); }

  void Await(Step step, std::size_t wanted) noexcept {
    step_ = step;
    size_ = 0;
    wanted_ = wanted;
  }

  bool NoSocks5() noexcept { return Fail(Errc::ProxyRefused, "the proxy does not speak SOCKS5"); }

  bool TakeMethod() noexcept {
    if (At(0) != kVersion) return NoSocks5();
    if (At(1) == kNoMethod)
      return Fail(Errc::ProxyAuthentication, proxy_->UserName.empty()
                                                 ? "the SOCKS5 proxy wants a user name and password"
                                                 : "the SOCKS5 proxy takes no user name and password");
    if (At(1) == kLogin && !proxy_->UserName.empty()) {
      Put({1});  // the version of RFC 1929
      PutCounted(proxy_->UserName);
      PutCounted(proxy_->Password);
      Await(Step::Login, 2);
      return true;
    }
    if (At(1) != kNoLogin) return NoSocks5();
    Ask();
    return true;
  }

  void Ask() noexcept {
    Put({kVersion, kConnect, 0, kind_});
    if (kind_ == kName)
      PutCounted(host_.View());
    else
      for (std::size_t i = 0; i < (kind_ == kIPv4 ? 4u : 16u); ++i) Put({address_[i]});
    Put({static_cast<unsigned>(port_ >> 8), static_cast<unsigned>(port_ & 0xff)});
    Await(Step::Reply, 2);
  }

  /// The address that the proxy bound tells us nothing, but it has to be read.
  bool TakeKind() noexcept {
    const unsigned kind = At(1);
    // Of what remains, the third byte has come already; a port of two bytes stands behind it.
    const std::size_t rest = kind == kIPv4 ? 3 : kind == kIPv6 ? 15 : kind == kName ? At(2) : SIZE_MAX;
    if (rest == SIZE_MAX) return NoSocks5();
    Await(Step::Address, rest + 2);
    return true;
  }

  const ProxySettings* proxy_ = nullptr;
  FixedText<kMaxHost> host_;
  std::uint16_t port_ = 0;
  unsigned kind_ = kName;
  unsigned char address_[16] = {};
  Step step_ = Step::Method;
  std::size_t size_ = 0;    // bytes of the answer that came
  std::size_t wanted_ = 0;  // that it has
  char answer_[kMaxHost + 2];
};

}  // namespace detail

/// `Socket` through a SOCKS5 proxy, which resolves the server's name: BasicSMTPSocket<Socks5Proxy<NativeSocket>>, and
/// `mail.Layer().NextLayer().Proxy.Address = "proxy.example.org"`. Errors: ProxySocket.
template <typename Socket>
using Socks5Proxy = ProxySocket<Socket, detail::Socks5Dialogue>;

SMTPOLL_NAMESPACE_END

#endif
