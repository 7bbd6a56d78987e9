#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/backup/kind.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::backup {

/// The first line of an archive.
struct ArchiveHeader {
    std::string backup;  ///< name of the backup that it is one of
    std::string cluster;
    std::string serverVersion;
    TimePoint startedAt{};
    std::vector<std::string> namespaces;  ///< empty: the whole cluster
    bool secrets = false;                 ///< whether Secrets are in it
    std::string klaw;                     ///< version of the program
};

/// One list, as it was read at one resourceVersion.
struct ArchivedList {
    Kind kind;
    std::string ns;  ///< empty: of all namespaces, or of none
    std::string resourceVersion;
    std::uint64_t objects = 0;
    std::uint64_t leftOut = 0;  ///< objects that others make anew
};

/// What an archive holds, as its last line says it.
struct ArchiveSummary {
    ArchiveHeader header;
    std::vector<ArchivedList> lists;   ///< without those that were begun anew
    std::vector<std::string> missing;  ///< kinds that could not be read, a sentence each
    std::uint64_t objects = 0;
    std::string digest;  ///< SHA-256 of the whole file, hexadecimal
    bool encrypted = false;
    std::uint64_t bytes = 0;  ///< of the file

    /// "apps/v1 Deployment" → how many
    std::map<std::string, std::uint64_t> counts() const;
    /// Of the objects in it.
    std::vector<std::string> namespacesInIt() const;
};

inline constexpr int archiveVersion = 1;
inline constexpr std::string_view plainSuffix = ".jsonl.gz", encryptedSuffix = ".jsonl.gz.enc";

/// "nightly-20261126T020000Z.jsonl.gz", with ".enc" for an encrypted one.
std::string archiveFileName(const std::string& backup, TimePoint at, bool encrypted);

/// What the name of a file of archiveFileName() says.
struct ArchiveName {
    std::string backup;
    TimePoint at{};
    bool encrypted = false;
};
/// nullopt for anything that archiveFileName() does not make.
std::optional<ArchiveName> parseArchiveFileName(std::string_view name);
/// "nightly-20261126T020000Z": the file name as people write it.
std::string shownArchiveName(std::string_view fileName);

// The lines of an archive that are not objects, without their ends.
std::string headerLine(const ArchiveHeader& header);
std::string listLine(const Kind& kind, const std::string& ns);
std::string listedLine(const ArchivedList& list);
inline constexpr std::string_view discardedLine = R"({"klaw":"discarded"})";
/// `digest`: of all lines before it.
std::string endLine(const ArchiveSummary& summary, const std::string& digest);

/// The member of gzip that ends an archive: empty, with the SHA-256 of everything before it in the file as its comment.
std::string sealOf(std::string_view digestHex);
inline constexpr std::size_t sealBytes = 10 + 12 + 64 + 1 + 2 + 8;

}  // namespace klaw::backup
