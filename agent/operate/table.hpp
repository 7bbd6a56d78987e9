#pragma once

#include <string>
#include <vector>

namespace klaw::operate {

/// Rows under headings, if there are any, in columns as kubectl prints them; wide characters count two columns.
std::string formatTable(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows);

}  // namespace klaw::operate
