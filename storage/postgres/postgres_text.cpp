#include "storage/postgres/postgres_text.hpp"

#include <cctype>

namespace klaw::storage {
namespace {

constexpr std::string_view mark = "\xF4\x8F\xBF\xBE";  // U+10FFFE

}  // namespace

std::string toPostgresText(std::string_view text) {
    bool plain = text.find('\0') == std::string_view::npos && text.find(mark) == std::string_view::npos;
    if (plain) return std::string(text);
    std::string stored;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == '\0') {
            stored += std::string(mark) + "0";
            ++i;
        } else if (text.substr(i).starts_with(mark)) {
            stored += std::string(mark) + "1";
            i += mark.size();
        } else {
            stored += text[i++];
        }
    }
    return stored;
}

std::string fromPostgresText(std::string_view stored) {
    if (stored.find(mark) == std::string_view::npos) return std::string(stored);
    std::string text;
    for (std::size_t i = 0; i < stored.size();) {
        if (!stored.substr(i).starts_with(mark)) {
            text += stored[i++];
            continue;
        }
        i += mark.size();
        bool isNul = i < stored.size() && stored[i] == '0';
        if (isNul)
            text += '\0';
        else
            text += mark;
        if (i < stored.size()) ++i;
    }
    return text;
}

std::string withPostgresParameters(std::string_view sql) {
    std::string text;
    int last = 0;
    char quote = 0;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        char c = sql[i];
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '?') {
            std::string number;
            while (i + 1 < sql.size() && std::isdigit(static_cast<unsigned char>(sql[i + 1]))) number += sql[++i];
            if (number.empty()) number = std::to_string(++last);
            text += "$" + number;
            continue;
        }
        text += c;
    }
    return text;
}

}  // namespace klaw::storage
