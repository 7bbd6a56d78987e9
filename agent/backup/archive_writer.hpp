#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/backup/archive.hpp"
#include "agent/backup/encryption.hpp"

namespace klaw::backup {

/// Makes the bytes of an archive from its objects, front to back; whoever uses it takes them from time to time. The
/// format is that of docs/backup.md. Holds no more than what was not taken yet.
class ArchiveWriter {
public:
    /// Encrypted where there is a key.
    ArchiveWriter(ArchiveHeader header, std::optional<FileKey> key);
    ~ArchiveWriter();

    void beginList(const Kind& kind, const std::string& ns);
    /// One object of the list: JSON without line breaks, with apiVersion and kind.
    void object(std::string_view json);
    void leaveOut();
    void endList(const std::string& resourceVersion);
    /// The list is begun anew: what was written of it counts for nothing.
    void discardList();
    void missing(std::string what);
    /// Nothing can follow. Its bytes are still to be taken; bytes and digest of the summary are those of the whole
    /// file.
    ArchiveSummary finish();

    std::size_t pending() const;
    std::string take();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::backup
