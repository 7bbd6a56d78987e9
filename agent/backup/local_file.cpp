#include "agent/backup/local_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace klaw::backup {
namespace {

tl::unexpected<Error> failed(const char* what, const std::string& path) {
    auto code = errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Unavailable;
    return fail(code, std::string("cannot ") + what + " it: " + std::strerror(errno), path);
}

}  // namespace

Result<std::shared_ptr<const LocalFile>> LocalFile::open(const std::filesystem::path& path) {
    int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return failed("open", path.string());
    return std::shared_ptr<const LocalFile>(new LocalFile(descriptor, path.string()));
}

Result<std::shared_ptr<LocalFile>> LocalFile::nameless(const std::filesystem::path& directory) {
    auto path = (directory / ".download-XXXXXX").string();
    int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
    if (descriptor < 0) return failed("create", path);
    ::unlink(path.c_str());
    return std::shared_ptr<LocalFile>(new LocalFile(descriptor, path));
}

LocalFile::~LocalFile() {
    ::close(descriptor_);
}

std::uint64_t LocalFile::size() const {
    struct stat status{};
    return ::fstat(descriptor_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

Result<std::size_t> LocalFile::readAt(std::uint64_t offset, std::span<char> into) const {
    for (;;) {
        auto count = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return failed("read", shown_);
    }
}

Result<void> LocalFile::append(std::string_view bytes) {
    while (!bytes.empty()) {
        auto count = ::write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("write", shown_);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace klaw::backup
