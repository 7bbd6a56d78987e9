#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/backup/archive.hpp"
#include "agent/backup/encryption.hpp"
#include "agent/backup/local_file.hpp"

namespace klaw::backup {

/// Reads an archive front to back and believes nothing: every byte of it is checked by the time the end was reached.
/// Blocking, with no more than one object in memory.
///
/// Errors: DataLoss for anything but a whole archive as it was written; Unauthenticated where a passphrase is needed;
/// Unsupported for a newer format.
class ArchiveReader {
public:
    /// `key`: of keyOfArchive().
    ArchiveReader(std::shared_ptr<const LocalFile> file, std::optional<FileKey> key);
    ~ArchiveReader();

    struct Object {
        std::size_t list = 0;  ///< which one, from 0, those that were begun anew included
        Kind kind;
        std::string json;
    };
    /// The next object, also one of a list that was begun anew; nullopt once the whole archive has proved good.
    Result<std::optional<Object>> next();
    /// Whether the list counts; known once the end was reached.
    bool counts(std::size_t list) const;
    /// Known once the end was reached.
    const ArchiveSummary& summary() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The whole archive, read once; takes as long as that.
Result<ArchiveSummary> verifyArchive(std::shared_ptr<const LocalFile> file, const std::string& passphrase);

}  // namespace klaw::backup
