#include "rules/silence_set.hpp"

#include <algorithm>

namespace klaw::rules {

void SilenceSet::assign(std::vector<Silence> silences) {
    entries_.clear();
    for (auto& silence : silences)
        if (auto matchers = CompiledMatchers::compile(silence.matchers))
            entries_.push_back({std::move(silence), std::move(*matchers)});
}

const Silence* SilenceSet::covering(const Alert& alert, TimePoint now) const {
    const Silence* longest = nullptr;
    for (const auto& entry : entries_) {
        const auto& silence = entry.silence;
        if (!silence.activeAt(now) || (longest && longest->endsAt >= silence.endsAt)) continue;
        if (entry.matchers.match(alert)) longest = &silence;
    }
    return longest;
}

std::optional<TimePoint> SilenceSet::nextChange(TimePoint now) const {
    std::optional<TimePoint> next;
    for (const auto& entry : entries_)
        for (auto time : {entry.silence.startsAt, entry.silence.endsAt})
            if (time > now && (!next || time < *next)) next = time;
    return next;
}

}  // namespace klaw::rules
