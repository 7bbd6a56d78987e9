#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/backup/encryption.hpp"
#include "agent/backup/local_file.hpp"

namespace klaw::backup {

/// The key of an archive, as its beginning asks for one; nullopt for one that is not encrypted. Takes about a tenth of
/// a second: not for the loop thread. Unauthenticated without a passphrase where one is needed.
Result<std::optional<FileKey>> keyOfArchive(const LocalFile& file, const std::string& passphrase);

/// The lines of an archive's file: decrypted, its seal checked and decompressed. Errors as those of ArchiveReader.
class ArchiveBytes {
public:
    /// `key`: of keyOfArchive().
    ArchiveBytes(std::shared_ptr<const LocalFile> file, std::optional<FileKey> key);
    ~ArchiveBytes();

    /// Some more; empty at the end, when everything has been checked.
    Result<std::string> more();
    bool encrypted() const;
    /// SHA-256 of the file, hexadecimal; at the end.
    std::string digest() const;
    std::uint64_t size() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::backup
