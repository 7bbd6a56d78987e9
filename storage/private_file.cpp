#include "storage/private_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>

namespace klaw::storage {
namespace {

ErrorCode codeOf(int error) {
    switch (error) {
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorCode::PermissionDenied;
        case ENOSPC:
        case EDQUOT:
            return ErrorCode::ResourceExhausted;
        default:
            return ErrorCode::NotFound;
    }
}

}  // namespace

Result<int> openPrivately(const std::string& path, std::string_view what) {
    int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor >= 0) return descriptor;
    int error = errno;
    return fail(codeOf(error), "cannot open " + std::string(what) + ": " + std::generic_category().message(error), path,
                "check that the directory exists and is writable");
}

}  // namespace klaw::storage
