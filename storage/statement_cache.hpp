#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "storage/engine.hpp"

namespace klaw::storage {

/// A connection with its compiled statements that nobody uses now, by their text.
class StatementCache {
public:
    explicit StatementCache(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

    Connection& connection() { return *connection_; }
    Result<std::unique_ptr<PreparedStatement>> take(std::string_view sql);
    void giveBack(std::string_view sql, std::unique_ptr<PreparedStatement> statement);

private:
    std::unique_ptr<Connection> connection_;
    std::unordered_map<std::string, std::vector<std::unique_ptr<PreparedStatement>>> idle_;  ///< gone before it
};

}  // namespace klaw::storage
