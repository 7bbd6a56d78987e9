#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/backup/local_file.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"

namespace klaw::backup {

struct StoredFile {
    std::string name;
    std::uint64_t bytes = 0;
};

/// A file that is being written. Nobody sees it before it is committed; destroyed before that it is given up.
class Upload {
public:
    virtual ~Upload() = default;
    virtual Task<Result<void>> write(std::string bytes) = 0;
    /// Whole and durable once this ends well.
    virtual Task<Result<void>> commit() = 0;
    /// Takes back what was written so far.
    virtual Task<void> abandon() = 0;
};

/// Where archives are kept. On the loop thread. Names have no path in them.
class Store {
public:
    virtual ~Store() = default;
    /// Where it is, as people may see it: "/var/backups", "s3://bucket/prefix".
    virtual const std::string& place() const = 0;
    virtual Task<Result<std::unique_ptr<Upload>>> create(std::string name) = 0;
    /// Those whose names begin so, by name. Nothing that is not whole.
    virtual Task<Result<std::vector<StoredFile>>> list(std::string prefix) = 0;
    /// NotFound where there is none.
    virtual Task<Result<std::shared_ptr<const LocalFile>>> fetch(std::string name) = 0;
    virtual Task<Result<void>> remove(std::string name) = 0;
    /// What writers of archives of exactly this backup left behind that ended in the middle; how many.
    virtual Task<Result<std::size_t>> clearLeftovers(std::string backup) = 0;
};

}  // namespace klaw::backup
