#include "notifiers/people.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/async/caught.hpp"

namespace klaw::notifiers {

People::People(Loop& loop, LoopClock& clock, Duration keep, Ask ask)
    : clock_(clock),
      keep_(keep),
      ask_(std::move(ask)),
      changed_(loop),
      tasks_(loop, [](const std::string& name, const std::string& what) { spdlog::error("{}: {}", name, what); }) {}

Task<std::optional<PersonEntry>> People::find(std::string id, Duration within) {
    if (id.empty()) co_return std::nullopt;
    const auto& known = asked(id);
    bool askedBefore = known.until != TimePoint();
    if (within <= Duration{} || askedBefore) co_return known.entry;
    co_await answered(id, within);
    auto found = known_.find(id);
    if (found == known_.end()) co_return std::nullopt;
    co_return found->second.entry;
}

Task<Result<PersonEntry>> People::know(std::string id, Duration within) {
    asked(id);
    co_await answered(id, within);
    auto found = known_.find(id);
    bool silent = found == known_.end() || found->second.asking;
    if (silent) co_return fail(ErrorCode::DeadlineExceeded, "the directory did not answer");
    if (!found->second.failure.message.empty()) co_return fail(found->second.failure);
    co_return found->second.entry.value_or(PersonEntry());
}

/// Asks where nothing is known, or nothing new enough.
People::Known& People::asked(const std::string& id) {
    auto known = known_.find(id);
    if (known == known_.end()) {
        makeRoom();
        known = known_.try_emplace(id).first;
    }
    if (!known->second.asking && known->second.until <= clock_.now()) {
        known->second.asking = true;
        tasks_.spawn("person", learn(id));
    }
    return known->second;
}

Task<void> People::answered(std::string id, Duration within) {
    auto answered = [this, id] {
        auto found = known_.find(id);
        return found == known_.end() || !found->second.asking;
    };
    co_await changed_.until(answered, clock_, clock_.now() + within);
}

Task<void> People::learn(std::string id) {
    ++counts_.asked;
    auto asked = co_await caught(ask_(id));
    if (!asked && asked.error().code != ErrorCode::NotFound) ++counts_.failed;
    if (!asked) spdlog::debug("a person could not be looked up: {}", asked.error().describe());
    if (auto known = known_.find(id); known != known_.end()) {
        auto& person = known->second;
        person.asking = false;
        bool gone = !asked && asked.error().code == ErrorCode::NotFound;
        bool refused = gone || (!asked && asked.error().code == ErrorCode::PermissionDenied);
        person.until = clock_.now() + (asked ? keep_ : std::min(keep_, refused ? keepUnknown : keepSilence));
        person.failure = asked ? Error() : asked.error();
        if (asked || gone) person.entry = asked ? std::optional(std::move(*asked)) : std::nullopt;
    }
    changed_.notify();
}

/// The one whose answer is the oldest goes.
void People::makeRoom() {
    if (known_.size() < most) return;
    auto oldest = std::ranges::min_element(known_, {}, [](const auto& each) { return each.second.until; });
    known_.erase(oldest);
}

}  // namespace klaw::notifiers
