#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/access/gate.hpp"
#include "agent/app/answered.hpp"
#include "agent/app/approval_desk.hpp"
#include "agent/app/change_desk.hpp"
#include "agent/deliver/commit.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/continuation.hpp"
#include "agent/serve/console.hpp"
#include "base/async/loop_clock.hpp"
#include "base/random.hpp"

namespace klaw::app {

/// The one place where commands are understood, permitted, carried out and audited, whatever way they came. On the
/// loop thread.
class CommandDesk {
public:
    using Flush = ChangeDesk::Flush;

    /// References outlive the desk.
    CommandDesk(Loop& loop, LoopClock& clock, Random& random, operate::Control& control, storage::Location database,
                deliver::Commit commit, Flush flush, access::Gate& gate, ChangeDesk& changes);
    const access::Policy& policy() const { return gate_.policy(); }
    /// Without it nothing can be approved.
    void setApprovals(ApprovalDesk& approvals) { approvals_ = &approvals; }

    /// Which reads are in the audit log; those of logs, Secrets and the log itself always are.
    void setAllReadsRecorded(bool all) { allReadsRecorded_ = all; }

    /// Hears of each press once it is answered: of which card, by whom.
    using Pressed = std::function<void(const std::string& card, const operate::Caller& by, const Answered& answer)>;
    void onPressed(Pressed hear) { pressed_ = std::move(hear); }

    /// Why the card of a program can be confirmed no longer; nothing: it can.
    using Voided = std::function<std::optional<std::string>(const std::string& card)>;
    void setVoided(Voided voided) { voided_ = std::move(voided); }

    Task<Answered> execute(Asked asked);
    /// A one-time permission to carry out this very command, with what it would do.
    Task<Result<serve::ConsoleBackend::Offered>> offer(operate::Caller caller, std::string command);
    /// Carries out what the button stands for, once; what changes nothing may be pressed again. Whoever pressed first
    /// and presses again gets the same answer, others learn who was first. Somebody who may not leaves it to others.
    /// `inputs`: what was asked with it. `asked` has no command yet.
    Task<Answered> press(Asked asked, std::string nonce, std::map<std::string, std::string> inputs = {});
    /// Whether a message was there before, also before a restart; an Error where that cannot be found out.
    Result<bool> knows(const std::vector<storage::InboundKey>& inbound) const;

private:
    struct Press;
    struct Release;
    Task<Answered> pressKnown(Asked asked, storage::Offer offer, const std::map<std::string, std::string>& inputs);
    Task<Answered> pressOnce(Asked asked, storage::Offer offer);
    Result<storage::Offer> offerOf(const std::string& nonce, const Asked& asked) const;
    storage::AuditEntry auditOf(const operate::Caller& caller, std::string_view verb, std::string_view decision,
                                const std::string& command) const;
    storage::AuditEntry denialOf(const operate::Caller& caller, const access::Request& request,
                                 const std::string& command, const std::string& reason) const;
    Task<Result<void>> record(storage::AuditEntry entry);
    Task<std::optional<Answered>> held(const operate::Verb& verb, const operate::CommandLine& line, const Asked& asked);
    Task<void> recordNotUnderstood(const Asked& asked, const Error& error);
    Task<std::optional<operate::Continuation>> continuedInANamespace(const operate::Verb& verb,
                                                                     operate::CommandLine line, operate::Caller caller,
                                                                     access::Request request);
    Task<Result<void>> recordRead(const operate::Caller& caller, const operate::Verb& verb,
                                  const operate::CommandLine& line, const std::string& command, bool done);
    Task<Result<void>> recordDone(storage::AuditEntry entry, std::shared_ptr<Claims> claims, Answered answer);

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    operate::Control& control_;
    storage::Location database_;
    deliver::Commit commit_;
    Flush flush_;
    access::Gate& gate_;
    ChangeDesk& changes_;
    ApprovalDesk* approvals_ = nullptr;
    bool allReadsRecorded_ = true;
    Pressed pressed_;
    Voided voided_;
    std::map<std::string, std::shared_ptr<Press>> presses_;  ///< by the hash of the nonce; those that act
    std::deque<std::string> pressOrder_;
};

}  // namespace klaw::app
