#include "notifiers/chat_pace.hpp"

namespace klaw::notifiers {

Task<void> ChatPace::turn(std::string chat) {
    constexpr std::size_t mostRemembered = 1000;
    if (chats_.size() > mostRemembered) chats_.clear();
    for (;;) {
        auto& bucket = chats_.try_emplace(chat, each_.count, each_.window).first->second;
        auto now = clock_.now();
        if (bucket.tryTake(now)) co_return;
        auto due = bucket.readyAt(now);
        co_await clock_.sleepUntil(due);
    }
}

}  // namespace klaw::notifiers
