#pragma once

#include "agent/backup/s3_client.hpp"
#include "agent/backup/store.hpp"

namespace klaw::backup {

/// Objects in a bucket. An archive is sent in parts as it is made, none of which anybody sees before the last.
class S3Store final : public Store {
public:
    /// `spool`: where what is fetched is kept while it is read, in files without names.
    S3Store(Loop& loop, LoopClock& clock, S3Place place, S3Credentials credentials, std::filesystem::path spool);

    const std::string& place() const override { return shown_; }
    Task<Result<std::unique_ptr<Upload>>> create(std::string name) override;
    Task<Result<std::vector<StoredFile>>> list(std::string prefix) override;
    Task<Result<std::shared_ptr<const LocalFile>>> fetch(std::string name) override;
    Task<Result<void>> remove(std::string name) override;
    Task<Result<std::size_t>> clearLeftovers(std::string backup) override;

private:
    std::shared_ptr<S3Client> client_;
    std::filesystem::path spool_;
    std::string shown_;
};

}  // namespace klaw::backup
