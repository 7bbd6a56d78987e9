#pragma once

#include <string>
#include <utility>

#include "storage/engine.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace klaw::storage {

class SqliteStatement final : public PreparedStatement {
public:
    /// `path` outlives it.
    SqliteStatement(sqlite3* connection, sqlite3_stmt* handle, const std::string& path)
        : connection_(connection), handle_(handle), path_(path) {}
    ~SqliteStatement() override;

    void bindNull(int parameter) override;
    void bindInteger(int parameter, std::int64_t value) override;
    void bindReal(int parameter, double value) override;
    void bindText(int parameter, std::string_view value) override;
    Result<bool> step() override;
    void reset() override;
    void clear() override;
    bool isNull(int column) const override;
    std::int64_t integer(int column) const override;
    double real(int column) const override;
    std::string text(int column) const override;

private:
    void note(int code);

    sqlite3* connection_;
    sqlite3_stmt* handle_;
    const std::string& path_;
    int bindFailure_ = 0;
};

}  // namespace klaw::storage
