#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klaw {

/// Deeper than anything a platform sends. Writing deeply nested JSON uses the stack.
inline constexpr int kDeepestJson = 64;

inline bool nestsTooDeep(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (quoted && c == '\\')
            ++i;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++depth > kDeepestJson)
            return true;
        else if (!quoted && (c == ']' || c == '}'))
            --depth;
    }
    return false;
}

/// What others wrote. Something that is neither object, array nor plain value (`is_discarded()`) for anything
/// malformed.
template <class Json = nlohmann::ordered_json>
Json parsedJson(std::string_view text) {
    if (nestsTooDeep(text)) return Json(Json::value_t::discarded);
    return Json::parse(text, nullptr, false);
}

/// The fields of JSON that others wrote: absent, null or of another type than expected is as good as not there. None of
/// these throws.
template <class Json>
const Json& at(const Json& json, std::string_view name) {
    static const Json none;
    if (!json.is_object()) return none;
    auto found = json.find(name);
    return found == json.end() ? none : *found;
}

template <class Json>
std::string textAt(const Json& json, std::string_view name) {
    const auto& value = at(json, name);
    return value.is_string() ? value.template get<std::string>() : std::string();
}

/// Those of a list that are texts.
template <class Json>
std::vector<std::string> textsAt(const Json& json, std::string_view name) {
    std::vector<std::string> texts;
    const auto& list = at(json, name);
    if (!list.is_array()) return texts;
    for (const auto& item : list)
        if (item.is_string()) texts.push_back(item.template get<std::string>());
    return texts;
}

/// Also a number, as its digits.
template <class Json>
std::string textOrNumberAt(const Json& json, std::string_view name) {
    const auto& value = at(json, name);
    return value.is_number_integer() ? value.dump() : textAt(json, name);
}

template <class Json>
bool flagAt(const Json& json, std::string_view name, bool otherwise) {
    const auto& value = at(json, name);
    return value.is_boolean() ? value.template get<bool>() : otherwise;
}

template <class Json>
std::optional<std::int64_t> integerAt(const Json& json, std::string_view name) {
    const auto& value = at(json, name);
    if (!value.is_number_integer()) return std::nullopt;
    if (value.is_number_unsigned())
        return static_cast<std::int64_t>(
            std::min<std::uint64_t>(value.template get<std::uint64_t>(), std::numeric_limits<std::int64_t>::max()));
    return value.template get<std::int64_t>();
}

}  // namespace klaw
