#include "agent/app/data_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace klaw::app {
namespace {

namespace fs = std::filesystem;

Error systemError(const std::string& what, const fs::path& path) {
    auto code = errno == EACCES || errno == EROFS || errno == EPERM ? ErrorCode::PermissionDenied
                : errno == ENOSPC                                   ? ErrorCode::ResourceExhausted
                                                                    : ErrorCode::NotFound;
    return Error(code, what + ": " + std::strerror(errno), path.string(),
                 "choose another directory with `data:` or mend its permissions");
}

/// Written beside and renamed, so that nobody ever reads half of it.
Result<void> writePrivately(const fs::path& file, const std::string& text) {
    auto temporary = file.string() + ".new";
    int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return fail(systemError("cannot write", file));
    auto written = ::write(descriptor, text.data(), text.size());
    bool complete = written == static_cast<ssize_t>(text.size()) && ::close(descriptor) == 0;
    if (!complete || ::rename(temporary.c_str(), file.c_str()) != 0) return fail(systemError("cannot write", file));
    return {};
}

/// The first of several replicas that start at the same time makes it.
Result<void> makeToken(const fs::path& file, Random& random) {
    fs::path made = file.string() + "." + random.token(6);
    if (auto written = writePrivately(made, random.token(32) + "\n"); !written) return written;
    bool there = ::link(made.c_str(), file.c_str()) == 0 || (errno == EEXIST && fs::file_size(file) > 0);
    if (there) {
        ::unlink(made.c_str());
        return {};
    }
    // An empty file, or a file system without links.
    if (::rename(made.c_str(), file.c_str()) != 0) return fail(systemError("cannot write", file));
    return {};
}

Result<std::string> firstLine(const fs::path& file) {
    std::ifstream in(file);
    std::string line;
    if (!std::getline(in, line) || line.empty())
        return fail(ErrorCode::NotFound, "no agent has left its address here, or it is not yours to read",
                    file.string(), "start `klaw agent`, or give its configuration with --config");
    return line;
}

}  // namespace

Result<DataDirectory> DataDirectory::open(const fs::path& path, Random& random, storage::DirectoryLock::Holder holder) {
    std::error_code failure;
    bool existed = fs::exists(path, failure);
    fs::create_directories(path, failure);
    if (failure) {
        errno = failure.value();
        return fail(systemError("cannot make the data directory", path));
    }
    if (!existed) fs::permissions(path, fs::perms::owner_all, failure);
    auto lock = storage::DirectoryLock::acquire(path.string(), holder);
    if (!lock) return fail(std::move(lock).error());
    DataDirectory directory(path, std::move(*lock));
    auto token = firstLine(path / "token");
    if (!token) {
        if (auto made = makeToken(path / "token", random); !made) return fail(std::move(made).error());
        token = firstLine(path / "token");
    }
    if (!token) return fail(std::move(token).error());
    directory.token_ = std::move(*token);
    return directory;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::move(other.lock_)),
      token_(std::move(other.token_)),
      address_(std::move(other.address_)),
      owned_(std::exchange(other.owned_, false)) {}

DataDirectory::~DataDirectory() {
    if (!owned_ || address_.empty()) return;
    auto there = readAddress(path_);
    std::error_code ignored;
    if (there && *there == address_) fs::remove(path_ / "address", ignored);  // not that of another replica
}

Result<std::string> DataDirectory::readToken(const fs::path& directory) {
    return firstLine(directory / "token");
}
Result<std::string> DataDirectory::readAddress(const fs::path& directory) {
    return firstLine(directory / "address");
}
Result<void> DataDirectory::writeAddress(const std::string& address) {
    address_ = address;
    return writePrivately(path_ / "address", address + "\n");
}

}  // namespace klaw::app
