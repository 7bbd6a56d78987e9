#pragma once

#include <memory>
#include <string>

#include "base/time.hpp"
#include "storage/engine.hpp"

struct sqlite3;

namespace klaw::storage {

/// "KLAW": SQLite's application_id of our files.
inline constexpr std::int64_t applicationId = 0x4B4C4157;

struct SqliteOptions {
    bool readOnly = false;  ///< refuses a missing file
    Duration busyTimeout = 5s;
};

/// WAL, synchronous=FULL, foreign keys on. A new file is its owner's alone.
class SqliteConnection final : public Connection {
public:
    static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, const SqliteOptions& options);

    Engine engine() const override { return Engine::Sqlite; }
    const std::string& place() const override { return path_; }
    Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view sql) override;
    Result<void> execute(std::string_view sql) override;
    std::int64_t changes() const override;
    bool inTransaction() const override;
    Result<void> begin(std::optional<std::int64_t> term) override;
    Result<void> beginSchemaChange() override;
    Result<void> beginReading() override;
    Result<void> commit() override;
    Result<int> schemaVersion() override;
    Result<void> setSchemaVersion(int version) override;
    Result<void> verify(FileCheck check) override;
    Result<std::int64_t> sizeInBytes() override;
    std::size_t logPages() const override { return logPages_; }
    Result<void> checkpoint() override;
    sqlite3* handle() const { return handle_.get(); }

private:
    struct Closer {
        void operator()(sqlite3* handle) const;
    };
    SqliteConnection(std::string path, std::unique_ptr<sqlite3, Closer> handle);
    Result<void> configure(const SqliteOptions& options);
    Result<std::int64_t> integer(std::string_view sql);

    std::string path_;
    std::unique_ptr<sqlite3, Closer> handle_;
    std::unique_ptr<PreparedStatement> termStatement_;  ///< gone before the connection
    std::size_t logPages_ = 0;                          ///< SQLite holds a pointer to it
};

}  // namespace klaw::storage
