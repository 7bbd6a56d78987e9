#include "base/net/http_message.hpp"

#include <algorithm>

namespace klaw::net {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

void HttpHeaders::set(std::string name, std::string value) {
    remove(name);
    add(std::move(name), std::move(value));
}

void HttpHeaders::remove(std::string_view name) {
    std::erase_if(fields_, [&](const auto& field) { return equalsIgnoringCase(field.first, name); });
}

std::optional<std::string_view> HttpHeaders::get(std::string_view name) const {
    auto isIt = [&](const auto& field) { return equalsIgnoringCase(field.first, name); };
    auto found = std::find_if(fields_.begin(), fields_.end(), isIt);
    if (found == fields_.end()) return std::nullopt;
    return found->second;
}

}  // namespace klaw::net
