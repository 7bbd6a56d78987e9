#pragma once

#include <optional>
#include <vector>

#include "rules/silence_matchers.hpp"

namespace klaw::rules {

/// The silences that are known, with their matchers compiled. A silence whose matchers are refused mutes nothing.
class SilenceSet {
public:
    void assign(std::vector<Silence> silences);
    /// The silence active at `now` that matches and ends last; null when there is none.
    const Silence* covering(const Alert& alert, TimePoint now) const;
    /// When a silence starts or ends next after `now`.
    std::optional<TimePoint> nextChange(TimePoint now) const;

private:
    struct Entry {
        Silence silence;
        CompiledMatchers matchers;
    };
    std::vector<Entry> entries_;
};

}  // namespace klaw::rules
