#include "agent/operate/output.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "agent/operate/table.hpp"
#include "base/text/secrets.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::ordered_json;

std::string written(const Table& table, std::string_view language) {
    std::vector<std::string> headings;
    for (const auto& column : table.columns) headings.push_back(column.in(std::string(language)));
    return maskSecrets(formatTable(headings, table.rows));
}

/// "LAST HEARD" → "lastHeard"
std::string memberName(const std::string& heading) {
    std::string name;
    bool upper = false;
    for (unsigned char c : heading) {
        if (c == ' ' || c == '-') {
            upper = true;
            continue;
        }
        name += static_cast<char>(upper ? std::toupper(c) : std::tolower(c));
        upper = false;
    }
    return name;
}

std::vector<std::string> linesOf(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t from = 0; from < text.size();) {
        auto end = std::min(text.find('\n', from), text.size());
        lines.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return lines;
}

std::size_t bytesOf(const std::string& line) {
    auto punctuation = std::ranges::count_if(line, [](unsigned char c) { return std::ispunct(c); });
    return line.size() + static_cast<std::size_t>(punctuation) + 1;
}

std::size_t bytesOf(const std::vector<std::string>& row) {
    constexpr std::size_t headingOfACell = 12;
    std::size_t bytes = 0;
    for (const auto& cell : row) bytes += bytesOf(cell) + headingOfACell;
    return bytes;
}

/// Where each page begins.
template <class T>
std::vector<std::size_t> pageStarts(const std::vector<T>& items, PageSize size) {
    std::vector<std::size_t> starts{0};
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        auto more = bytesOf(items[i]);
        bool full = i - starts.back() >= size.rows || bytes + more > size.bytes;
        if (full && i > starts.back()) {
            starts.push_back(i);
            bytes = 0;
        }
        bytes += more;
    }
    return starts;
}

template <class T>
Page cut(std::vector<T>& items, std::size_t number, PageSize size) {
    auto starts = pageStarts(items, size);
    Page page;
    page.of = starts.size();
    page.number = std::clamp<std::size_t>(number, 1, page.of);
    if (page.number < page.of) items.resize(starts[page.number]);
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(starts[page.number - 1]));
    return page;
}

/// The first column of these that the table has; its first one where it has none.
std::size_t subjectOf(const Table& table) {
    for (std::string_view subject : {"TITLE", "NAME", "CHECK", "REASON", "ALERT", "RULE"})
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            if (table.columns[i].en == subject) return i;
    return 0;
}

bool tellsState(const std::string& heading) {
    return heading == "STATUS" || heading == "STATE";
}

/// A dot in the colour of a state; nothing for words that Klaw does not use itself.
std::string_view symbolOf(std::string_view state) {
    static constexpr std::pair<std::string_view, std::string_view> symbols[] = {
        {"ok", "🟢 "},  {"正常", "🟢 "}, {"warning", "🟡 "}, {"注意", "🟡 "},
        {"bad", "🔴 "}, {"异常", "🔴 "}, {"unknown", "⚪ "}, {"未知", "⚪ "}};
    for (const auto& [word, symbol] : symbols)
        if (word == state) return symbol;
    return {};
}

/// What it is, is seen without its heading.
bool needsNoHeading(const std::string& heading) {
    return heading == "NAMESPACE" || heading == "MESSAGE" || heading == "OBJECT" || heading == "TYPE" ||
           heading == "SEVERITY" || heading == "DETAIL";
}

std::string lowered(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

}  // namespace

std::vector<std::string> rowLines(const Table& table, std::string_view language) {
    std::vector<std::string> lines;
    auto subject = subjectOf(table);
    for (const auto& row : table.rows) {
        std::string head = subject < row.size() ? row[subject] : std::string();
        std::string rest;
        for (std::size_t i = 0; i < row.size() && i < table.columns.size(); ++i) {
            const auto& column = table.columns[i];
            if (i == subject || row[i].empty() || row[i] == "<none>") continue;
            if (tellsState(column.en)) {
                head = std::string(symbolOf(row[i])).append(head).append(" · ").append(row[i]);
                continue;
            }
            if (!rest.empty()) rest += " · ";
            if (!needsNoHeading(column.en)) rest += lowered(column.in(std::string(language))) + " ";
            rest += row[i];
        }
        lines.push_back(maskSecrets(head));
        lines.push_back(maskSecrets(rest));
    }
    return lines;
}

Output::Output(Table rows, std::string_view language, std::string below)
    : table(std::move(rows)), after(maskSecrets(below)) {
    text = written(*table, language) + after;
}

std::string toJson(const Output& output) {
    Json json = Json::object();
    if (output.table) {
        auto& rows = json["rows"] = Json::array();
        for (const auto& row : output.table->rows) {
            Json item = Json::object();
            for (std::size_t i = 0; i < row.size() && i < output.table->columns.size(); ++i)
                item[memberName(output.table->columns[i].en)] = maskSecrets(row[i]);
            rows.push_back(std::move(item));
        }
        if (!output.after.empty()) json["text"] = output.after;
    } else {
        json["text"] = output.text;
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Page cutToPage(Output& output, std::size_t number, PageSize size, std::string_view language) {
    if (output.table) {
        size.bytes -= std::min(bytesOf(output.after), size.bytes / 2);  // it stands below every page
        auto page = cut(output.table->rows, number, size);
        if (page.of > 1) output.text = written(*output.table, language) + output.after;
        return page;
    }
    auto lines = linesOf(output.text);
    constexpr std::size_t linesForARow = 4;
    size.rows *= linesForARow;
    auto page = cut(lines, number, size);
    if (page.of == 1) return page;
    output.text.clear();
    for (const auto& line : lines) output.text += line + "\n";
    return page;
}

}  // namespace klaw::operate
