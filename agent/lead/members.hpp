#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/lead/member_store.hpp"
#include "agent/lead/tenure.hpp"
#include "base/async/loop_clock.hpp"

namespace klaw::lead {

/// A replica that is alive.
struct Member {
    std::string identity;
    std::string address;
    bool serving = false;  ///< what it watches can be read from it
    friend bool operator==(const Member&, const Member&) = default;
};

struct MemberOptions {
    std::string election;  ///< name of the leader's Lease
    std::string identity;  ///< of this process
    std::string address;   ///< of this process, for the others
    Duration lasts = 10s;  ///< whole seconds: whose Lease has not changed for so long is dead
    Duration retry = 2s;   ///< between two renewals
};

/// Makes this replica known to the others by a Lease of its own, and knows who they are. As in an election, a member is
/// alive while its record changes, by the clock of this machine. While nothing can be seen nobody dies. On the loop
/// thread.
class Members {
public:
    /// References outlive it. `changed`: others() says something else, or something is known for the first time.
    Members(MemberStore& store, LoopClock& clock, Tenure::Elapsed elapsed, MemberOptions options,
            std::function<void()> changed);

    /// Until it is cancelled.
    Task<void> run();
    /// After run(): the others need not wait.
    Task<void> leave();
    /// From the next renewal on.
    void setServing(bool serving) { serving_ = serving; }
    bool serving() const { return serving_; }
    /// The leader removes the Leases of those that have been dead for long.
    void setLeads(bool leads) { leads_ = leads; }

    /// Alive, in order of identity, without this one.
    const std::vector<Member>& others() const { return others_; }
    /// The others have been looked for, whatever came of it.
    bool known() const { return known_; }
    const std::string& identity() const { return options_.identity; }
    /// Why the Leases could not be read or written the last time; empty: they could.
    const std::string& trouble() const { return trouble_; }

private:
    struct Seen {
        MemberRecord record;
        Duration changedAt{};
    };
    Task<Result<void>> round();
    Task<Result<void>> renew();
    void see(std::vector<MemberRecord> records);
    Task<void> removeDead();
    void note(const Result<void>& outcome);
    void doubt(const MemberRecord& record);
    void tell(std::vector<Member> others);

    MemberStore& store_;
    LoopClock& clock_;
    Tenure::Elapsed elapsed_;
    MemberOptions options_;
    std::function<void()> changed_;
    std::string name_;  ///< of this one's Lease
    std::map<std::string, Seen, std::less<>> seen_;
    Duration lookedAt_{};
    std::vector<Member> others_;
    std::set<std::string, std::less<>> doubted_;  ///< names of Leases that nothing proves
    bool lookFailed_ = false;                     ///< since they were seen
    bool serving_ = false, leads_ = false, known_ = false;
    std::string trouble_;
};

}  // namespace klaw::lead
