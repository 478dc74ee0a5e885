// The other half of odr_a.cpp.
#include "smtpoll/smtpoll.hpp"

const void* CategorySeenByB();

const void* CategorySeenByB() { return &smtpoll::Category(); }
