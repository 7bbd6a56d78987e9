#include "notifiers/terminal/wrap.hpp"

#include "base/text/utf8.hpp"

namespace klaw::notifiers::terminal {
namespace {

/// Bytes of the character at `at` with what combines with it.
std::size_t characterLength(std::string_view text, std::size_t at) {
    auto next = [&](std::size_t from) {
        do {
            ++from;
        } while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80);
        return from;
    };
    auto end = next(at);
    while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x80) {
        auto after = next(end);
        if (displayWidth(text.substr(end, after - end)) != 0) break;
        end = after;
    }
    return end - at;
}

/// How many bytes fit into `width` columns; at least one character.
std::size_t fittingBytes(std::string_view text, std::size_t width) {
    std::size_t at = 0;
    std::size_t columns = 0;
    while (at < text.size()) {
        auto length = characterLength(text, at);
        columns += displayWidth(text.substr(at, length));
        if (columns > width && at > 0) break;
        at += length;
    }
    return at;
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    while (displayWidth(text) > width) {
        auto fits = fittingBytes(text, width);
        auto blank = fits < text.size() && text[fits] == ' ' ? fits : text.rfind(' ', fits - 1);
        // A blank near the beginning would leave the line almost empty.
        bool useful = blank != std::string_view::npos && blank > 0 && displayWidth(text.substr(0, blank)) * 3 >= width;
        auto end = useful ? blank : fits;
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
        while (text.starts_with(' ')) text.remove_prefix(1);
    }
    if (!text.empty() || lines.empty()) lines.emplace_back(text);
    return lines;
}

std::vector<std::string> wrapExactly(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    while (displayWidth(text) > width) {
        auto fits = fittingBytes(text, width);
        lines.emplace_back(text.substr(0, fits));
        text.remove_prefix(fits);
    }
    if (!text.empty() || lines.empty()) lines.emplace_back(text);
    return lines;
}

std::string padded(std::string_view text, std::size_t width) {
    std::string line(text);
    auto columns = displayWidth(text);
    if (columns < width) line.append(width - columns, ' ');
    return line;
}

}  // namespace klaw::notifiers::terminal
