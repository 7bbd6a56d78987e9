#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/access/binding.hpp"
#include "base/result.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::access {

/// A role that somebody was given for a while.
struct Grant {
    std::string id;
    Binding binding;  ///< one person or department, with an end
    std::string by;   ///< who gave it
    std::string reason;
    TimePoint at{};
};

/// The grants of the running agent. One counts, or counts no longer, only once that is durable. On the loop thread.
class GrantBook {
public:
    using Meta = std::map<std::string, std::string, std::less<>>;
    static constexpr std::string_view keyPrefix = "grant:";

    /// From `RecoveredState::meta`; those that have ended are left out.
    void restore(const Meta& meta, TimePoint now);
    void add(Grant grant);
    /// NotFound, or InvalidArgument where several begin like this.
    Result<Grant> revoke(std::string_view idPrefix);

    /// What is to be stored; those that have ended are removed. After `stored` with the same entries it counts.
    std::vector<storage::MetaEntry> takeChanges(TimePoint now);
    void stored(const std::vector<storage::MetaEntry>& entries);
    const std::map<std::string, Grant>& grants() const { return grants_; }

private:
    std::map<std::string, Grant> grants_;  ///< by id
    std::vector<storage::MetaEntry> changes_;
};

}  // namespace klaw::access
