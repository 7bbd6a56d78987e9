#pragma once

#include <string>

#include "base/text/secrets.hpp"

namespace klaw::operate {

/// Masks the values in an object of Kubernetes (a JSON of either order) that only their neighbours show to be secrets:
/// `{name: DB_PASSWORD, value: …}`, `dbPassword: …`, `[--password, …]`.
template <class Json>
void maskSecretValues(Json& json);

/// Whether this element of a list has a `value` that its `name` shows to be a secret.
template <class Json>
bool namesSecretValue(const Json& element) {
    if (!element.is_object()) return false;
    auto name = element.find("name");
    auto value = element.find("value");
    if (name == element.end() || value == element.end() || !name->is_string() || !value->is_string()) return false;
    return namesSecret(name->template get_ref<const std::string&>(), value->template get_ref<const std::string&>());
}

/// Whether the text is the argument before a secret: `--db-password` without a value of its own.
template <class Json>
bool asksForSecret(const Json& argument) {
    if (!argument.is_string()) return false;
    const auto& text = argument.template get_ref<const std::string&>();
    return text.starts_with("-") && namesSecret(text, {});
}

template <class Json>
void maskSecretValues(Json& json) {
    constexpr auto mask = "***";
    if (json.is_array()) {
        bool secret = false;
        for (auto& element : json) {
            bool next = asksForSecret(element);
            if (secret && element.is_string())
                element = mask;
            else
                maskSecretValues(element);
            secret = next;
        }
        return;
    }
    if (!json.is_object()) return;
    if (namesSecretValue(json)) json["value"] = mask;
    for (auto& [key, value] : json.items()) {
        if (!value.is_string())
            maskSecretValues(value);
        else if (namesSecret(key, value.template get_ref<const std::string&>()))
            value = mask;
    }
}

}  // namespace klaw::operate
