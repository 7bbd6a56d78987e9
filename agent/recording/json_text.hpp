#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace klaw::recording {

/// The document with its keys in order; nullopt when it is malformed or nested above 500 levels, which no Kubernetes
/// object is and which would exhaust the stack of whoever walks it.
std::optional<nlohmann::ordered_json> parseJson(std::string_view text);
/// On one line; malformed UTF-8 becomes U+FFFD.
std::string dumpJson(const nlohmann::ordered_json& json);
/// The string under a key of an object; empty when there is none.
std::string stringAt(const nlohmann::ordered_json& object, const char* key);

}  // namespace klaw::recording
