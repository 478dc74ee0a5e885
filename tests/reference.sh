#!/bin/sh
# Makes the reference of all public names from the headers' docstrings, and tries it: a public name without a docstring is
# an error, as is any other warning of doxygen's, a local link that leads nowhere, and a page that a browser does not show.
# usage: sh tests/reference.sh [FOLDER]
#   FOLDER   where it goes, as FOLDER/html/index.html; without it build/reference
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/reference}
sh tests/tools/setup.sh reference

mkdir -p "$folder"
rm -rf "$folder/html"
cat >"$folder/main.dox" <<'DOX'
/** \mainpage smtpoll
Mail for C++17 in headers. The classes that most programs need:
- smtpoll::BasicSMTPSocket sends by `Poll()` (`smtpoll::SMTPSocket`, `smtpoll::SMTPSecureSocket`),
  smtpoll::BasicSession blocks (`smtpoll::Session`, `smtpoll::SecureSession`)
- smtpoll::EmailMessage with smtpoll::EmailAttachment and smtpoll::InternetHeaders
- smtpoll::BasicRetryQueue sends again later
- smtpoll::Error, and smtpoll::Describe for people
- smtpoll::ClientSettings and smtpoll::SecureSettings: what can be set
- smtpoll::EventFunctions: what can be listened to
- smtpoll::BasicPOP3Socket and smtpoll::BasicPop3Session read mail, opt-in
- smtpoll::testing::Script, a server for tests, opt-in

Sizes are bytes and times are milliseconds where nothing else is said.
*/
/** \namespace smtpoll
All of the library. */
/** \namespace smtpoll::testing
For tests of your own code. */
/** \namespace smtpoll::System
The seed's System: the network interfaces of this host. */
DOX
cat >"$folder/Doxyfile" <<CONF
PROJECT_NAME = smtpoll
PROJECT_NUMBER = $(python3 single_include/amalgamate.py --version)
INPUT = include/smtpoll $folder/main.dox
RECURSIVE = YES
FILE_PATTERNS = *.hpp *.dox
EXCLUDE_PATTERNS = */detail/*
EXCLUDE_SYMBOLS = smtpoll::detail smtpoll::detail::* *::detail::* std std::*
STRIP_FROM_PATH = include
STRIP_FROM_INC_PATH = include
OUTPUT_DIRECTORY = $folder
GENERATE_LATEX = NO
QUIET = YES
WARN_IF_UNDOCUMENTED = YES
WARN_AS_ERROR = FAIL_ON_WARNINGS
DISTRIBUTE_GROUP_DOC = YES
SORT_MEMBER_DOCS = NO
HAVE_DOT = NO
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = "SMTPOLL_NAMESPACE_BEGIN=namespace smtpoll {" "SMTPOLL_NAMESPACE_END=}" SMTPOLL_POSIX=1 \\
  SMTPOLL_OPENSSL=1 SMTPOLL_POP3=1 SMTPOLL_TESTING=1
CONF
doxygen "$folder/Doxyfile"
PYTHONDONTWRITEBYTECODE=1 python3 tests/tools/reference_check.py "$folder/html"
