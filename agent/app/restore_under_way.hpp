#pragma once

#include <set>

#include "agent/app/change_desk.hpp"
#include "agent/operate/restore_tally.hpp"

namespace klaw::app {

/// What a restore knows on its way.
struct ChangeDesk::Restore {
    Restore(backup::OpenedArchive opened, backup::RestoreOptions options, std::set<std::string> resources)
        : source(opened, std::move(options), std::move(resources)) {}
    backup::RestoreSource source;
    operate::RestoredUids uids;
    operate::RestoreTally tally;
    std::set<std::string> missingNamespaces, missingKinds;  ///< that come with the archive
    std::vector<storage::AuditEntry> unrecorded;            ///< outcomes, for the next row's transaction
    struct Orphan {
        operate::RestoreStep step;
        nlohmann::json owners;
    };
    std::vector<Orphan> orphans;  ///< whose owners may come later
    std::string stopped;          ///< why nothing more is sent
    bool raced = false;           ///< the object is decided again
    bool begun = false;
};

}  // namespace klaw::app
