#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/backup/kind.hpp"
#include "base/result.hpp"

namespace klaw::backup {

/// What becomes of an object that is there already and differs from the archive's.
enum class Conflict {
    Skip,       ///< it stays as it is
    Overwrite,  ///< it becomes as it was
    Fail,       ///< nothing is restored where there is one
};
std::string_view toString(Conflict conflict);
/// InvalidArgument for another word.
Result<Conflict> conflictFromString(std::string_view text);

/// What of an archive is restored, and where to.
struct RestoreOptions {
    std::string archive;                            ///< as shownArchiveName() says it
    std::map<std::string, std::string> namespaces;  ///< from → to; empty: everything, where it was
    Conflict conflict = Conflict::Skip;
    bool unknownToo = false;        ///< also an archive that Klaw does not remember to have written
    std::vector<std::string> only;  ///< "deployments", "deployments.apps", "Deployment"; empty: all kinds

    bool wants(const Kind& kind) const;
    /// Whether one that differs becomes as it was. Definitions of the whole cluster, which come along with namespaces
    /// that need them, do not unless they are named.
    bool overwrites(const Kind& kind) const;
    /// Where what was of that namespace goes; itself where nothing else is said.
    const std::string& target(const std::string& ns) const;
    friend bool operator==(const RestoreOptions&, const RestoreOptions&) = default;
};

/// "shop=shop-copy,pay": InvalidArgument for anything that names no namespaces, or two that go to the same one.
Result<std::map<std::string, std::string>> parseNamespaceMapping(const std::string& text);

}  // namespace klaw::backup
