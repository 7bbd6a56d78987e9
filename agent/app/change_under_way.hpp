#pragma once

#include <optional>

#include "agent/app/change_desk.hpp"
#include "base/async/loop_condition.hpp"

namespace klaw::app {

/// A change that somebody waits for, or does not any more.
struct ChangeDesk::UnderWay {
    explicit UnderWay(Loop& loop) : ended(loop) {}
    void end(Answered said) {
        if (!answer) answer = std::move(said);
        ended.notify();
    }
    std::optional<Answered> answer;
    LoopCondition ended;
};

}  // namespace klaw::app
