#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/lead/lease_store.hpp"
#include "agent/lead/tenure.hpp"
#include "base/async/loop_clock.hpp"
#include "base/random.hpp"

namespace klaw::lead {

struct ElectionOptions {
    std::string identity;       ///< of this process: after a restart it is another candidate
    Duration lasts = 10s;       ///< whole seconds: for so long others leave the lease to its holder
    Duration renewWithin = 6s;  ///< shorter: a leader that has not renewed it for so long acts no more
    Duration retry = 2s;        ///< between two renewals
};

/// Takes part in an election by a Lease, by the rules of client-go's leaderelection: whoever is named in it leads while
/// they renew it. Times of other machines are never compared with those of this one: a holder is alive while its record
/// changes, and gone once it has not changed for as long as it says, by the clock of this machine. On the loop thread.
class Elector {
public:
    struct Events {
        std::function<void()> elected;  ///< once; the tenure has begun
        std::function<void()> changed;  ///< who leads, or why that is not known
    };
    /// References outlive the elector.
    Elector(LeaseStore& store, LoopClock& clock, Tenure::Elapsed elapsed, Random& random, Tenure& tenure,
            ElectionOptions options, Events events);

    /// Until it is cancelled, or the tenure is over.
    Task<void> run();
    /// After run(): gives the lease up, so that another need not wait. Nothing where it is another's.
    Task<void> resign();

    bool leads() const { return leads_; }
    /// Who is named in the lease, as last seen; empty: nobody, or it is not known.
    const std::string& holder() const { return seen_ ? seen_->holder : nobody_; }
    const std::string& identity() const { return options_.identity; }
    /// Why the lease could not be read or written the last time; empty: it could.
    const std::string& trouble() const { return trouble_; }

private:
    Task<Result<void>> attempt();
    Task<Result<void>> renew();
    Task<Result<void>> look();
    Task<Result<void>> write(Lease lease);
    Lease mine(const Lease& before) const;
    void see(Lease lease);
    void note(const Result<void>& outcome);
    bool isAlive() const;
    Duration patience() const;
    Duration pause(bool worked);

    LeaseStore& store_;
    LoopClock& clock_;
    Tenure::Elapsed elapsed_;
    Random& random_;
    Tenure& tenure_;
    ElectionOptions options_;
    Events events_;
    std::optional<Lease> seen_;
    Duration seenAt_{};  ///< when its record had changed
    Duration renewedAt_{};
    bool leads_ = false;
    std::string trouble_;
    std::string nobody_;
};

}  // namespace klaw::lead
