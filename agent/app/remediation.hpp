#pragma once

#include <set>
#include <string>

#include "agent/app/command_desk.hpp"
#include "agent/app/config.hpp"
#include "agent/operate/control.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"

namespace klaw::app {

/// Does by itself what the configuration says about certain alerts: once an alert, one after the other, by the same way
/// as people do it, with a budget, and not any more once it has failed several times in a row. An alert that somebody
/// has taken, or about which somebody has done something, is theirs. On the loop thread.
class Remediation {
public:
    using Record = std::function<Task<Result<storage::Committed>>(storage::UnitOfWork unit)>;

    /// References outlive it.
    Remediation(Loop& loop, LoopClock& clock, const operate::Control& control, CommandDesk& commands, Record record);

    void follow(const RemediationConfig& config, std::string language);
    Task<void> stop() { return tasks_.stop(); }

    static constexpr std::string_view identity = "klaw:remedy";
    /// What it may do, and where: nothing beyond its remedies.
    static void addAccess(const RemediationConfig& config, std::vector<access::Role>& roles,
                          std::vector<access::Binding>& bindings);

private:
    struct Due {
        std::string incident;
        std::string action;
        std::string command;
        std::string target;
    };
    Task<void> watch();
    /// In the order of the incidents.
    std::vector<Due> allDue() const;
    /// What is about alerts that are not open any more.
    void forgetClosed();
    Result<void> withinBudget() const;
    Task<void> tellOnce(const Due& due, std::string why);

    LoopClock& clock_;
    const operate::Control& control_;
    CommandDesk& commands_;
    Record record_;
    RemediationConfig config_;
    std::string language_ = "en";
    std::set<std::string> tried_;  ///< incidents
    std::set<std::string> told_;   ///< incidents whose turn did not come, once recorded
    bool watches_ = false;
    TaskGroup tasks_;
};

}  // namespace klaw::app
