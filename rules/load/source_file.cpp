#include "rules/load/source_file.hpp"

#include <algorithm>

namespace klaw::rules {

SourceFile::SourceFile(std::string fileName, std::string_view text) : name(std::move(fileName)) {
    while (!text.empty()) {
        auto end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
}

std::string_view SourceFile::line(int number) const {
    auto index = static_cast<std::size_t>(number - 1);
    return number >= 1 && index < lines.size() ? std::string_view(lines[index]) : std::string_view();
}

std::string Place::describe() const {
    return (file ? file->name : std::string()) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Place Text::inside(int line, int column) const {
    if (!at.file) return at;
    auto source = at.file->line(at.line);
    char opening =
        static_cast<std::size_t>(at.column) <= source.size() ? source[static_cast<std::size_t>(at.column) - 1] : ' ';
    if (opening == '|' || opening == '>') {
        auto content = at.file->line(at.line + 1);
        auto indent = static_cast<int>(std::min(content.find_first_not_of(' '), content.size()));
        return {at.file, at.line + line, indent + column};
    }
    if (line > 1) return at;
    bool quoted = opening == '"' || opening == '\'';
    return {at.file, at.line, at.column + column - (quoted ? 0 : 1)};
}

}  // namespace klaw::rules
