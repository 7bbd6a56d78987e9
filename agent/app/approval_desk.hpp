#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/access/approval_book.hpp"
#include "agent/access/gate.hpp"
#include "agent/app/answered.hpp"
#include "agent/app/change_desk.hpp"
#include "agent/operate/catalogue.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"
#include "base/random.hpp"

namespace klaw::app {

/// Where changes wait for the second person that they need. One that is approved is carried out by the desk of changes
/// for whoever asked for it, on the object as it was shown to them; one decides, once, others learn who it was. What
/// waits outlives the agent. On the loop thread.
class ApprovalDesk {
public:
    using Flush = ChangeDesk::Flush;
    using Tell = ChangeDesk::Tell;

    /// References outlive the desk.
    ApprovalDesk(Loop& loop, LoopClock& clock, Random& random, operate::Control& control, access::Gate& gate,
                 Flush flush, Tell tell, ChangeDesk& changes);

    /// Keeps a change for somebody else to decide about.
    Task<Answered> ask(access::Approval wanted, access::ApprovalRule rule, Asked asked);
    /// Approves or refuses; with an approval the change is carried out before this ends.
    Task<Answered> judge(const operate::Verb& verb, operate::CommandLine line, Asked asked);
    /// What waited when the agent ended, from `RecoveredState::meta`. Once.
    void resume(const access::ApprovalBook::Meta& meta);
    const access::ApprovalBook& book() const { return book_; }
    Task<void> stop() { return tasks_.stop(); }

private:
    struct UnderWay;
    struct Deciding;
    Task<void> goOn(std::shared_ptr<UnderWay> work, bool approves, operate::CommandLine line, Asked asked);
    Task<Answered> decide(bool approves, operate::CommandLine line, Asked asked);
    Task<Answered> carryOut(access::Approval approval, Asked asked);
    Task<Answered> turnDown(access::Approval approval, Asked asked);
    access::Decision judged(const access::Approval& approval, const operate::Caller& caller, bool approves) const;
    Task<Answered> refused(const access::Approval& approval, const Asked& asked, std::string why);
    Task<void> expire(std::string id);
    storage::AuditEntry entryOf(const access::Approval& approval, const std::string& identity, const std::string& name,
                                std::string_view decision, const std::string& result = {}) const;
    Answered shown(const access::Approval& approval, const access::ApprovalRule* rule) const;
    void tellAsker(const access::Approval& approval, Answered said) const;

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    operate::Control& control_;
    access::Gate& gate_;
    Flush flush_;
    Tell tell_;
    ChangeDesk& changes_;
    access::ApprovalBook book_;
    std::map<std::string, std::string> deciding_;  ///< by id: who is at it
    TaskGroup tasks_;
};

}  // namespace klaw::app
