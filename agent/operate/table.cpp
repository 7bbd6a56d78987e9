#include "agent/operate/table.hpp"

#include <algorithm>

#include "base/text/utf8.hpp"

namespace klaw::operate {

std::string formatTable(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    auto measure = [&](const std::vector<std::string>& row) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], displayWidth(row[i]));
    };
    measure(headings);
    for (const auto& row : rows) measure(row);
    std::string text;
    auto append = [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text.append(widths[i] - displayWidth(row[i]) + 3, ' ');
        }
        text += '\n';
    };
    if (!headings.empty()) append(headings);
    for (const auto& row : rows) append(row);
    return text;
}

}  // namespace klaw::operate
