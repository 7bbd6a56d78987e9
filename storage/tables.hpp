#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "storage/database.hpp"

namespace klaw::storage {

/// A table with what is kept for the user, as it is in both engines.
struct Table {
    std::string_view name;
    std::string_view columns;   ///< names by commas
    std::string_view kinds;     ///< of each of them: i(nteger), r(eal) or t(ext)
    std::string_view key;       ///< columns of the primary key
    std::string_view numbered;  ///< the column that the engine numbers; empty: none
};
/// All of them, a table after those that it refers to.
std::span<const Table> tables();

struct TableRows {
    std::string table;
    std::int64_t rows = 0;
    friend bool operator==(const TableRows&, const TableRows&) = default;
};
Result<std::vector<TableRows>> countRows(Database& database);

}  // namespace klaw::storage
