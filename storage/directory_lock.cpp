#include "storage/directory_lock.hpp"

#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "storage/private_file.hpp"

namespace klaw::storage {
namespace {

/// What the holder wrote into the file: its process id.
std::string holderOf(int descriptor) {
    std::array<char, 16> text{};
    auto length = ::pread(descriptor, text.data(), text.size(), 0);
    std::string holder(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    return holder.substr(0, holder.find_first_not_of("0123456789"));
}

/// Only a courtesy to whoever is kept out: on a full disk the lock holds without it.
void signWith(int descriptor, const std::string& text) {
    if (::ftruncate(descriptor, 0) != 0) return;
    [[maybe_unused]] auto written = ::pwrite(descriptor, text.data(), text.size(), 0);
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::string& directory, Holder holder) {
    auto path = directory + "/klaw.lock";
    auto descriptor = openPrivately(path, "the lock of the data directory");
    if (!descriptor) return fail(std::move(descriptor).error());
    DirectoryLock lock(*descriptor);
    int kind = holder == Holder::Alone ? LOCK_EX : LOCK_SH;
    if (::flock(*descriptor, kind | LOCK_NB) == 0) {
        signWith(*descriptor, std::to_string(::getpid()) + "\n");
        return lock;
    }
    if (errno != EWOULDBLOCK)
        return fail(ErrorCode::Unsupported,
                    "the data directory cannot be locked: " + std::generic_category().message(errno), path,
                    "use a local file system");
    auto other = holderOf(*descriptor);
    return fail(ErrorCode::Conflict,
                "another agent" + (other.empty() ? "" : " (process " + other + ")") + " uses this data directory",
                directory, "stop it, or give this one a directory of its own; replicas of one agent need `leadership`");
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

DirectoryLock::~DirectoryLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace klaw::storage
