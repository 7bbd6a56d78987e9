#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "base/result.hpp"

namespace klaw::backup {

/// A file that is read from any place. It stays as it was opened, also when its name is given to another file.
class LocalFile {
public:
    static Result<std::shared_ptr<const LocalFile>> open(const std::filesystem::path& path);
    /// Without a name from the beginning, so that nothing is left of it whatever happens; in `directory`.
    static Result<std::shared_ptr<LocalFile>> nameless(const std::filesystem::path& directory);
    ~LocalFile();
    LocalFile(const LocalFile&) = delete;
    LocalFile& operator=(const LocalFile&) = delete;

    std::uint64_t size() const;
    /// Bytes read into `into`; 0 at the end. Unavailable where the disk fails.
    Result<std::size_t> readAt(std::uint64_t offset, std::span<char> into) const;
    Result<void> append(std::string_view bytes);

private:
    LocalFile(int descriptor, std::string shown) : descriptor_(descriptor), shown_(std::move(shown)) {}
    int descriptor_;
    std::string shown_;
};

}  // namespace klaw::backup
