#pragma once

#include <string>

#include "base/result.hpp"

namespace klaw::storage {

/// Keeps a second agent out of a data directory for as long as it lives. The kernel lets go of it when the process
/// ends, however it ends. Readers such as `klaw audit list` need none.
class DirectoryLock {
public:
    enum class Holder {
        Alone,
        Replica,  ///< beside other replicas, of which the database lets one write (see takeLeadership())
    };
    /// Conflict when another process, or another lock of this one, holds it: the message says which process.
    static Result<DirectoryLock> acquire(const std::string& directory, Holder holder = Holder::Alone);
    DirectoryLock(DirectoryLock&& other) noexcept;
    DirectoryLock& operator=(DirectoryLock&& other) noexcept;
    ~DirectoryLock();

private:
    explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace klaw::storage
