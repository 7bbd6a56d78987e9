#pragma once

#include <string>

#include "agent/operate/output.hpp"
#include "base/result.hpp"

namespace klaw::operate {

/// Rows as kubectl shows them, written by the API server itself.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
inline constexpr auto asTable = "application/json;as=Table;v=v1;g=meta.k8s.io";

struct TablePage {
    Table table;                ///< the columns that kubectl shows without `-o wide`
    std::string continueToken;  ///< empty on the last page
};

/// An Error for what is no table.
Result<TablePage> readTable(const std::string& body, bool withNamespace);

/// Whether a person looks for this row when something is wrong: "1/3", "CrashLoopBackOff", a Warning.
bool looksBad(const Table& table, const std::vector<std::string>& row);

/// Puts the rows of one cluster below those of others, each by its heading: API servers of other versions may have
/// other columns. The first column of `into` becomes the cluster.
void appendOf(const std::string& cluster, Table&& rows, Table& into);

}  // namespace klaw::operate
