// One half of a pair that includes the header in two translation units: it links only where each definition is inline,
// and both halves must see the same objects.
#include "smtpoll/smtpoll.hpp"
#include "smtpoll/smtpoll.hpp"

const void* CategorySeenByB();

int main() { return CategorySeenByB() == &smtpoll::Category() ? 0 : 1; }
