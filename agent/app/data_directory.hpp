#pragma once

#include <filesystem>
#include <string>

#include "base/random.hpp"
#include "base/result.hpp"
#include "storage/directory_lock.hpp"

namespace klaw::app {

/// The directory of one agent's database and token, held by one process at a time, or by the replicas of one agent.
class DataDirectory {
public:
    /// Makes it (mode 0700) where it is missing, and locks it. Conflict when another agent has it; errors say where.
    static Result<DataDirectory> open(const std::filesystem::path& path, Random& random,
                                      storage::DirectoryLock::Holder holder = storage::DirectoryLock::Holder::Alone);
    DataDirectory(DataDirectory&& other) noexcept;
    DataDirectory& operator=(DataDirectory&&) = delete;
    ~DataDirectory();

    std::string database() const { return databaseFile(path_); }
    const std::string& token() const { return token_; }
    const std::filesystem::path& path() const { return path_; }

    static std::string databaseFile(const std::filesystem::path& directory) { return (directory / "klaw.db").string(); }
    static std::filesystem::path historyDirectory(const std::filesystem::path& directory) {
        return directory / "history";
    }
    /// For `klaw do`: the token and address that the running agent left.
    static Result<std::string> readToken(const std::filesystem::path& directory);
    static Result<std::string> readAddress(const std::filesystem::path& directory);
    Result<void> writeAddress(const std::string& address);

private:
    DataDirectory(std::filesystem::path path, storage::DirectoryLock lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}
    std::filesystem::path path_;
    storage::DirectoryLock lock_;
    std::string token_;
    std::string address_;  ///< that this process has written
    bool owned_ = true;
};

}  // namespace klaw::app
