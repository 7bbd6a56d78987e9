#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/app/config.hpp"
#include "base/clock.hpp"
#include "notifiers/account.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::app {

/// The accounts of all applications and robots: what they called this month outlives restarts and changes of the
/// configuration. On the loop thread.
class CallBudgets {
public:
    using Meta = std::map<std::string, std::string, std::less<>>;

    /// `clock` outlives it; `meta` is what was stored.
    CallBudgets(const Clock& clock, Meta meta) : clock_(clock), stored_(std::move(meta)) {}

    void follow(const Config& config);
    /// By the name of an application or channel; null where nobody meters calls.
    std::shared_ptr<notifiers::Account> of(const std::string& name) const;
    /// To be stored.
    std::vector<storage::MetaEntry> meta() const;
    /// Those that are configured.
    std::vector<std::shared_ptr<const notifiers::Account>> all() const;

private:
    void open(const std::string& name, const std::vector<notifiers::CallBudget>& budgets,
              std::optional<std::uint64_t> callsPerMonth);

    const Clock& clock_;
    Meta stored_;
    std::map<std::string, std::shared_ptr<notifiers::Account>> accounts_;
    std::map<std::string, std::shared_ptr<notifiers::Account>> gone_;  ///< configured before
};

}  // namespace klaw::app
