#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/result.hpp"

namespace klaw::notifiers {

/// What a platform knows of a person.
struct PersonEntry {
    std::string name{};
    std::vector<std::string> departments{};  ///< ids, those above them included
    friend bool operator==(const PersonEntry&, const PersonEntry&) = default;
};

/// What was asked about people, remembered: platforms meter every question. Who is not there, or may not be asked for,
/// is not asked for again for ten minutes, where the platform did not answer for one. On the loop thread.
class People {
public:
    using Ask = std::function<Task<Result<PersonEntry>>(std::string id)>;
    static constexpr std::size_t most = 10'000;
    static constexpr Duration keepUnknown = 10min, keepSilence = 1min;

    /// References outlive it. `keep`: how long an answer is taken for true.
    People(Loop& loop, LoopClock& clock, Duration keep, Ask ask);

    /// What is known, at once where anything is; else waits for the answer, but no longer than `within`. What is old
    /// serves while it is asked for anew.
    Task<std::optional<PersonEntry>> find(std::string id, Duration within);
    /// What somebody's permissions may rest on: an answer that is not older than `keep`, or why there is none.
    Task<Result<PersonEntry>> know(std::string id, Duration within);
    Task<void> stop() { return tasks_.stop(); }

    struct Counts {
        std::uint64_t asked = 0;
        std::uint64_t failed = 0;  ///< of these; that there is nobody is an answer
    };
    const Counts& counts() const { return counts_; }

private:
    struct Known {
        std::optional<PersonEntry> entry;
        TimePoint until{};
        bool asking = false;
        Error failure{};  ///< of the last question; without a message: it was answered
    };
    Known& asked(const std::string& id);
    Task<void> answered(std::string id, Duration within);
    Task<void> learn(std::string id);
    void makeRoom();

    LoopClock& clock_;
    Duration keep_;
    Ask ask_;
    std::map<std::string, Known, std::less<>> known_;
    LoopCondition changed_;
    Counts counts_;
    TaskGroup tasks_;
};

}  // namespace klaw::notifiers
