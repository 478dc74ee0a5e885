// lwIP in this process: a network interface of its own, a small server on it, and the same session as the chip's over
// LwipSocket. What arrives goes to the standard output, message by message, each with its size before it.
#include "lwip_socket.hpp"

#include <lwip/def.h>
#include <lwip/netif.h>
#include <lwip/tcpip.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "message.hpp"

#include "smtpoll/client/small_session.hpp"

// Whoever asks for a block of C++'s heap while `watched` ends the program.
static thread_local bool watched = false;
void* operator new(std::size_t size) {
  if (watched) std::abort();
  if (void* const memory = std::malloc(size)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

constexpr std::uint16_t kPort = 2525;
netif interface;
sys_sem_t ready;

void Up(void*) {
  ip4_addr_t address, mask, gateway;
  IP4_ADDR(&address, 10, 0, 0, 1);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  IP4_ADDR(&gateway, 0, 0, 0, 0);
  const auto begin = [](netif* made) -> err_t {
    made->mtu = 1500;
    made->output = [](netif*, pbuf*, const ip4_addr_t*) -> err_t { return ERR_IF; };  // nobody is out there
    made->flags |= NETIF_FLAG_UP | NETIF_FLAG_LINK_UP;
    return ERR_OK;
  };
  netif_add(&interface, &address, &mask, &gateway, nullptr, begin, tcpip_input);
  netif_set_default(&interface);
  netif_set_up(&interface);
  netif_set_link_up(&interface);
  sys_sem_signal(&ready);
}

/// Takes one connection and says yes to all; prints each content, its transparency undone.
void Serve(int listener) {
  const int peer = lwip_accept(listener, nullptr, nullptr);
  const auto say = [peer](std::string_view reply) { lwip_send(peer, reply.data(), reply.size(), 0); };
  say("220 lwip.test\r\n");
  std::string line, content;
  bool in_content = false;
  char piece[700];
  for (ssize_t size = lwip_recv(peer, piece, sizeof piece, 0); size > 0; size = lwip_recv(peer, piece, sizeof piece, 0))
    for (const char c : std::string_view(piece, static_cast<std::size_t>(size))) {
      line += c;
      if (c != '\n') continue;
      if (in_content && line != ".\r\n") {
        content += line[0] == '.' ? line.substr(1) : line;
      } else {
        if (in_content) std::printf("%zu\n%s", content.size(), content.c_str());
        content.clear();
        in_content = line == "DATA\r\n";
        say(in_content ? "354 go on\r\n" : line == "QUIT\r\n" ? "221 bye\r\n" : "250 ok\r\n");
      }
      line.clear();
    }
  lwip_close(peer);
}

smtpoll::SmallSession<LwipSocket> session;

}  // namespace

int main() {
  sys_sem_new(&ready, 0);
  tcpip_init(Up, nullptr);
  sys_sem_wait(&ready);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = PP_HTONS(kPort);
  const int listener = lwip_socket(AF_INET, SOCK_STREAM, 0);
  if (lwip_bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || lwip_listen(listener, 1) != 0)
    return 2;
  std::thread server(Serve, listener);

  int sent = 0;
  watched = true;
#if defined(TEST_WITH_HEAP)
  delete new volatile char;  // for the check that has to find it
#endif
  session.Connect({"10.0.0.1", kPort, {}}, kTestOptions);
  for (int number = 0; number < kTestMessages; ++number) {
    session.Send(TestMessage(number));
    session.Run();
    sent += session.Result() == smtpoll::Outcome::Sent;
  }
  session.Quit();
  session.Run();
  watched = false;
  server.join();
  std::fprintf(stderr, "session %zu\nbuffers %zu\nsent %d\nerror %d\n", sizeof session,
               smtpoll::SmallLimits::kInput + smtpoll::SmallLimits::kOutput, sent, session.LastError().ErrorNumber);
  std::fflush(stdout);
  std::_Exit(sent == kTestMessages && !session.LastError() ? 0 : 1);  // lwIP's thread goes on for ever
}
