#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/app/leadership_settings.hpp"
#include "agent/kube/cluster_access.hpp"
#include "agent/lead/elector.hpp"
#include "base/async/task_group.hpp"

namespace klaw::app {

/// This replica's part in the election of the one that leads. On the loop thread, but for the tenure.
class Candidacy {
public:
    /// `home`: the cluster that has the Lease; it is asked over connections of their own, for which nothing else waits.
    Candidacy(Loop& loop, LoopClock& clock, Random& random, const LeadershipConfig& config, kube::ClusterAccess home,
              lead::Elector::Events events);

    void start();
    /// Takes part no more, and gives the lease up so that another need not wait for its end. Once nothing is done
    /// that only the leader does.
    Task<void> withdraw();

    lead::Tenure& tenure() { return tenure_; }
    const lead::Elector& elector() const { return elector_; }
    const std::string& lease() const { return lease_; }  ///< "klaw/klaw in cluster main"

private:
    lead::ClusterLease store_;
    lead::Tenure tenure_;
    lead::Elector elector_;
    TaskGroup tasks_;
    std::string lease_;
};

/// What leads no more, or cannot lead, must not do anything any more: the process ends here and now, with one line in
/// the log, and whoever supervises it starts it as a standby.
[[noreturn]] void endProcess(const std::string& reason);

}  // namespace klaw::app
