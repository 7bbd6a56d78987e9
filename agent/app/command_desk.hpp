#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/access/gate.hpp"
#include "agent/app/answered.hpp"
#include "agent/app/change_desk.hpp"
#include "agent/deliver/commit.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/serve/console.hpp"
#include "base/async/loop_clock.hpp"
#include "base/random.hpp"
#include "storage/writer.hpp"

namespace klaw::app {

/// The one place where commands are understood, permitted, carried out and audited, whatever way they came. On the
/// loop thread.
class CommandDesk {
public:
    /// Makes everything that has happened durable, with the audit entries.
    using Flush = std::function<Task<Result<void>>(std::vector<storage::AuditEntry> audit)>;

    /// References outlive the desk.
    CommandDesk(Loop& loop, LoopClock& clock, Random& random, operate::Control& control, storage::Writer& writer,
                std::string databaseFile, deliver::Commit commit, Flush flush, access::Gate& gate, ChangeDesk& changes);
    const access::Policy& policy() const { return gate_.policy(); }

    Task<Answered> execute(Asked asked);
    /// A one-time permission to carry out this very command, with what it would do.
    Task<Result<serve::ConsoleBackend::Offered>> offer(operate::Caller caller, std::string command);
    /// Carries out what the button stands for, once. Somebody who may not leaves it to others.
    /// `inputs`: what was asked with it.
    /// `asked` has no command yet.
    Task<Answered> press(Asked asked, std::string nonce, std::map<std::string, std::string> inputs = {});

private:
    Task<Result<storage::Offer>> take(std::string nonce, std::string identity);
    storage::AuditEntry auditOf(const operate::Caller& caller, std::string_view verb, std::string_view decision,
                                const std::string& command) const;
    storage::AuditEntry denialOf(const operate::Caller& caller, const access::Request& request,
                                 const std::string& command) const;
    Task<Result<void>> record(storage::AuditEntry entry);

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    operate::Control& control_;
    storage::Writer& writer_;
    std::string databaseFile_;
    deliver::Commit commit_;
    Flush flush_;
    access::Gate& gate_;
    ChangeDesk& changes_;
};

}  // namespace klaw::app
