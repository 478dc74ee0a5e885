// The smallest program that has smtpoll from somewhere else: an installed tree or a subproject.
#include <smtpoll/smtpoll.hpp>

#include <cstdio>

int main() {
  std::puts(smtpoll::Version());
  return 0;
}
