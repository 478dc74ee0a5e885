// What the small machines send: a message whose names, body and file name are not ASCII, with an attachment of all byte
// values that lies in flash; and a plain one with lines that start with a dot.
#pragma once

#include "smtpoll/message/message_view.hpp"
#include "smtpoll/protocol/event.hpp"

constexpr int kTestMessages = 2;
const smtpoll::MessageView& TestMessage(int number);

extern const smtpoll::SessionOptions kTestOptions;
