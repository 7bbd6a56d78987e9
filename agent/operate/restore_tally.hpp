#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace klaw::operate {

/// How a restore goes, object by object.
struct RestoreTally {
    enum class Outcome { Created, Same, Overwritten, Skipped, NotRestored, Waits, Failed };
    struct Line {
        std::string object;
        Outcome outcome = Outcome::Created;
        std::string why;
    };

    void add(std::string object, Outcome outcome, std::string why = {});
    /// What is to be said of an object now; nothing for one whose line was not kept.
    void explain(const std::string& object, std::string why);
    std::uint64_t count(Outcome outcome) const { return counts[static_cast<std::size_t>(outcome)]; }
    std::uint64_t total() const;
    bool good() const { return count(Outcome::Failed) == 0; }
    /// "12 created, 3 the same, 1 failed"
    std::string text(bool chinese, bool done) const;
    /// A line an object, the failed ones first, no more than a message can hold.
    std::string lines(bool chinese) const;

    std::string toJson() const;
    static RestoreTally fromJson(const std::string& json);

    std::uint64_t counts[7] = {};
    std::vector<Line> failures, others;  ///< the first of each
};

}  // namespace klaw::operate
