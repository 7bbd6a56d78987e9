#include "storage/statement_cache.hpp"

#include <utility>

namespace klaw::storage {

Result<std::unique_ptr<PreparedStatement>> StatementCache::take(std::string_view sql) {
    if (auto found = idle_.find(std::string(sql)); found != idle_.end() && !found->second.empty()) {
        auto statement = std::move(found->second.back());
        found->second.pop_back();
        return statement;
    }
    return connection_->prepare(sql);
}

void StatementCache::giveBack(std::string_view sql, std::unique_ptr<PreparedStatement> statement) {
    statement->clear();
    idle_[std::string(sql)].push_back(std::move(statement));
}

}  // namespace klaw::storage
