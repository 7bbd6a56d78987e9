#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/backup/restore_source.hpp"
#include "agent/operate/control.hpp"
#include "agent/operate/plan.hpp"

namespace klaw::operate {

/// What one object of an archive needs in the cluster that it goes to.
struct RestoreStep {
    enum class State {
        Create,
        Same,         ///< it is there and says the same
        Different,    ///< it is there and says something else
        NotRestored,  ///< it had ended
        Leaving,      ///< the one that is there is being deleted
    };
    State state = State::Create;
    std::string uid;  ///< of the one that is there
    std::string why;
    /// What would be sent to create it, or to overwrite the one that is there.
    Plan part;
    bool lacksOwners = false;             ///< the one that is there has none, and the archive's has
    std::vector<std::string> lostOwners;  ///< "ReplicaSet web-5d9": not in this cluster, so it is not owned by them
};

/// Where objects of the archive have come to, by the uids that they had.
using RestoredUids = std::map<std::string, std::string>;

/// Looks at the cluster: NotFound is an answer, any other failure an Error.
Task<Result<RestoreStep>> restoreStepOf(Control& control, Caller caller, std::string cluster, backup::RestoreItem item,
                                        const RestoredUids& uids);

/// Owners as they are now, those that are not known among `lost`.
nlohmann::json linkedOwners(const nlohmann::json& owners, const RestoredUids& uids, std::vector<std::string>& lost);

/// What one must be allowed to restore an object of that kind: as for `apply`.
std::string permissionFor(const backup::Kind& kind);

}  // namespace klaw::operate
