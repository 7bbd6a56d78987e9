#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "agent/backup/keeper.hpp"
#include "agent/backup/restore_options.hpp"

namespace klaw::backup {

/// Objects of one kind in one place that would be restored.
struct RestoreScope {
    Kind kind;
    std::string ns;  ///< where they go
    std::uint64_t objects = 0;
};

/// One object of an archive on its way back.
struct RestoreItem {
    Kind kind;
    std::string ns, name;     ///< where it goes
    std::string uid;          ///< that it had
    nlohmann::json object;    ///< as somebody wanted it, in its target namespace; without ownerReferences
    nlohmann::json owners;    ///< its ownerReferences; null or a list
    std::string notRestored;  ///< why not; empty: it is

    std::string path() const { return kind.objectPath(ns, name); }
    std::string title() const { return kind.kind + " " + (ns.empty() ? "" : ns + "/") + name; }
};

/// The objects of an archive that the options ask for, in the order of the archive, which is that of their
/// dependencies. One is in memory at a time.
class RestoreSource {
public:
    RestoreSource(const OpenedArchive& archive, RestoreOptions options, std::set<std::string> resources);
    /// nullopt at the end. DataLoss where the archive has become another one.
    /// Others have their turns while much of it is passed over.
    Task<Result<std::optional<RestoreItem>>> next();

private:
    bool isSelected(const Kind& kind, const nlohmann::json& object) const;

    ArchiveReader reader_;
    std::vector<bool> counts_;
    RestoreOptions options_;
    std::set<std::string> resources_;
};

struct RestoreContents {
    std::vector<RestoreScope> scopes;
    std::set<std::string> resources;  ///< of objects in the chosen namespaces: whose definitions are needed
    std::uint64_t objects = 0;
};

/// What the options choose of an archive; the loop has its turns while it is read.
Task<Result<RestoreContents>> contentsOf(OpenedArchive archive, RestoreOptions options);

/// The whole archive, read once with turns for others.
Task<Result<OpenedArchive>> verifiedInTurns(std::shared_ptr<const LocalFile> file, std::optional<FileKey> key);

}  // namespace klaw::backup
