#pragma once

#include <map>
#include <string>

#include "base/async/loop_clock.hpp"
#include "base/net/token_bucket.hpp"
#include "notifiers/notifier.hpp"

namespace klaw::notifiers {

/// How fast messages may come into each chat of an application, whichever of its channels writes them: alerts and
/// answers share what the platform allows. On the loop thread.
class ChatPace {
public:
    /// `clock` outlives the pace, and everybody who waits.
    ChatPace(LoopClock& clock, CallBudget each) : clock_(clock), each_(each) {}
    /// Returns when the next message may go into that chat.
    Task<void> turn(std::string chat);

private:
    LoopClock& clock_;
    CallBudget each_;
    std::map<std::string, net::TokenBucket> chats_;
};

}  // namespace klaw::notifiers
