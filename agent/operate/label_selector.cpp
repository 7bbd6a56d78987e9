#include "agent/operate/label_selector.hpp"

#include <algorithm>

#include "agent/operate/planned_object.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

bool fits(const Json& expression, const Json& labels) {
    auto key = textAt(expression, "/key"), how = textAt(expression, "/operator");
    auto label = labels.is_object() ? labels.find(key) : labels.end();
    bool there = labels.is_object() && label != labels.end();
    bool among = false;
    for (const auto& value : listAt(expression, "/values")) among = among || (there && value == *label);
    if (how == "In") return among;
    if (how == "NotIn") return !among;
    if (how == "Exists") return there;
    if (how == "DoesNotExist") return !there;
    return false;
}

}  // namespace

std::string writtenSelector(const Json& selector) {
    std::string text;
    auto add = [&](const std::string& part) { text += (text.empty() ? "" : ",") + part; };
    const auto& labels = selector.contains("matchLabels") ? selector["matchLabels"] : selector;
    for (const auto& [key, value] : labels.items())
        if (value.is_string()) add(key + "=" + value.get<std::string>());
    for (const auto& expression : valueAt(selector, "/matchExpressions")) {
        auto key = textAt(expression, "/key"), how = textAt(expression, "/operator");
        std::string values;
        for (const auto& value : valueAt(expression, "/values"))
            if (value.is_string()) values += (values.empty() ? "" : ",") + value.get<std::string>();
        if (how == "In") add(key + " in (" + values + ")");
        if (how == "NotIn") add(key + " notin (" + values + ")");
        if (how == "Exists") add(key);
        if (how == "DoesNotExist") add("!" + key);
    }
    return text;
}

bool selects(const Json& selector, const Json& labels) {
    if (!selector.is_object()) return false;
    if (const auto& wanted = valueAt(selector, "/matchLabels"); wanted.is_object())
        for (const auto& [key, value] : wanted.items())
            if (!labels.is_object() || !labels.contains(key) || labels[key] != value) return false;
    const auto& expressions = listAt(selector, "/matchExpressions");
    return std::ranges::all_of(expressions, [&](const Json& expression) { return fits(expression, labels); });
}

}  // namespace klaw::operate
