// The other half of odr_a.cpp.
#include "smtpoll/smtpoll.hpp"

const char* VersionSeenByB();
const void* CategorySeenByB();

const char* VersionSeenByB() { return smtpoll::Version(); }
const void* CategorySeenByB() { return &smtpoll::Category(); }
