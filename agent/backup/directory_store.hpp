#pragma once

#include <filesystem>

#include "agent/backup/aside.hpp"
#include "agent/backup/store.hpp"

namespace klaw::backup {

/// Files in a directory, which is made where it is missing (only the owner may read what is in it). A file has a
/// temporary name until it is whole and on the disk.
class DirectoryStore final : public Store {
public:
    /// `aside` outlives it.
    DirectoryStore(Aside& aside, std::filesystem::path directory, std::filesystem::path spool);

    const std::string& place() const override { return place_; }
    Task<Result<std::unique_ptr<Upload>>> create(std::string name) override;
    Task<Result<std::vector<StoredFile>>> list(std::string prefix) override;
    Task<Result<std::shared_ptr<const LocalFile>>> fetch(std::string name) override;
    Task<Result<void>> remove(std::string name) override;
    Task<Result<std::size_t>> clearLeftovers(std::string backup) override;

private:
    Aside& aside_;
    std::filesystem::path directory_, spool_;
    std::string place_;
};

}  // namespace klaw::backup
