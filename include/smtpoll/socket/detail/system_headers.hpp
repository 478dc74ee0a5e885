// The system's socket headers, POSIX's or Windows's. Both have BSD's names, so the code over them is the same.
// <windows.h> leaves no macros min and max behind, and what the user has defined stays as it was.
#ifndef SMTPOLL_SOCKET_DETAIL_SYSTEM_HEADERS_HPP
#define SMTPOLL_SOCKET_DETAIL_SYSTEM_HEADERS_HPP

#include "smtpoll/base/config.hpp"

#if defined(SMTPOLL_POSIX)

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#elif defined(SMTPOLL_WINDOWS)

#if !defined(NOMINMAX)
#define NOMINMAX
#define SMTPOLL_BORROWED_NOMINMAX
#endif
#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN
#define SMTPOLL_BORROWED_LEAN_AND_MEAN
#endif

// MinGW's <winsock2.h> copes with an earlier <windows.h>, but warns of it.
#if defined(__MINGW32__) && !defined(_WINSOCK2API_)
#undef _WINSOCKAPI_
#endif

#include <winsock2.h>

#include <ws2tcpip.h>

#include <iphlpapi.h>
#include <process.h>
#include <windows.h>

#if defined(SMTPOLL_BORROWED_NOMINMAX)
#undef NOMINMAX
#undef SMTPOLL_BORROWED_NOMINMAX
#endif
#if defined(SMTPOLL_BORROWED_LEAN_AND_MEAN)
#undef WIN32_LEAN_AND_MEAN
#undef SMTPOLL_BORROWED_LEAN_AND_MEAN
#endif

#endif

#endif
