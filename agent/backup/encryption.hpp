#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace klaw::backup {

/// Encrypted archives: AES-256-GCM over chunks of 64 KiB, with a key made of a passphrase by scrypt (RFC 7914). The
/// nonce of a chunk is its number and whether it is the last (the STREAM construction,
/// https://eprint.iacr.org/2015/189), so that chunks that were changed, moved, left out or cut off are noticed.
/// docs/backup.md has the bytes.
inline constexpr std::string_view encryptedMagic{"klawenc1", 8};
/// Magic, cost of scrypt (log2 N), block size r, parallelisation p, a zero byte, salt.
inline constexpr std::size_t encryptionHeaderBytes = 8 + 4 + 16;
inline constexpr std::size_t chunkBytes = 64u << 10;
inline constexpr std::size_t tagBytes = 16;

/// A key and the header of the file that it is for.
struct FileKey {
    std::string header;
    std::string key;
};

/// For a new archive, with a salt of its own. Takes about a tenth of a second: not for the loop thread. `costLog2`:
/// scrypt's N, 15 unless a test is in a hurry.
Result<FileKey> newFileKey(const std::string& passphrase, int costLog2 = 15);
/// For an archive that begins with `header`. DataLoss where that is none; a wrong passphrase is noticed only at the
/// first chunk.
Result<FileKey> fileKeyOf(const std::string& header, const std::string& passphrase);

/// Encrypts what comes in pieces. The header comes first.
class Encryptor {
public:
    explicit Encryptor(FileKey key);
    ~Encryptor();
    /// Appends what is ready to `out`.
    void write(std::string_view bytes, std::string& out);
    void finish(std::string& out);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Decrypts one chunk after the other, each with its tag.
class Decryptor {
public:
    explicit Decryptor(FileKey key);
    ~Decryptor();
    /// DataLoss for one that was changed, is in another place or made with another passphrase.
    Result<std::string> chunk(std::string_view sealed, bool last);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::backup
