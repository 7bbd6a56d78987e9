#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/result.hpp"

namespace klaw::notifiers {

/// What a platform knows of a person.
struct PersonEntry {
    std::string name;
    friend bool operator==(const PersonEntry&, const PersonEntry&) = default;
};

/// Names by id, remembered: platforms meter every question. Who is not there, or cannot be asked for,
/// is not asked for again for ten minutes; what is old serves while it is asked for anew. On the loop thread.
class People {
public:
    using Ask = std::function<Task<Result<PersonEntry>>(std::string id)>;
    static constexpr std::size_t most = 10'000;
    static constexpr Duration keepUnknown = 10min;

    /// References outlive it. `keep`: how long an answer is taken for true.
    People(Loop& loop, LoopClock& clock, Duration keep, Ask ask);

    /// What is known, at once where anything is; else waits for the answer, but no longer than `within`.
    Task<std::optional<PersonEntry>> find(std::string id, Duration within);
    Task<void> stop() { return tasks_.stop(); }

private:
    struct Known {
        std::optional<PersonEntry> entry;
        TimePoint until{};
        bool asking = false;
    };
    Task<void> learn(std::string id);
    void makeRoom();

    LoopClock& clock_;
    Duration keep_;
    Ask ask_;
    std::map<std::string, Known, std::less<>> known_;
    LoopCondition changed_;
    TaskGroup tasks_;
};

}  // namespace klaw::notifiers
