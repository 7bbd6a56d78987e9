#include "agent/operate/disruption_budgets.hpp"

#include <algorithm>

#include "agent/operate/planned_object.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

bool expressionFits(const Json& expression, const Json& labels) {
    auto key = textAt(expression, "/key"), how = textAt(expression, "/operator");
    bool there = labels.is_object() && labels.contains(key);
    if (how == "Exists") return there;
    if (how == "DoesNotExist") return !there;
    const auto& values = listAt(expression, "/values");
    bool among = there && std::find(values.begin(), values.end(), labels[key]) != values.end();
    if (how == "In") return among;
    return how == "NotIn" && !among;
}

}  // namespace

bool selectorFits(const Json& selector, const Json& labels) {
    if (!selector.is_object()) return false;
    const auto& wanted = valueAt(selector, "/matchLabels");
    if (wanted.is_object())
        for (const auto& [key, value] : wanted.items())
            if (!labels.is_object() || !labels.contains(key) || labels[key] != value) return false;
    for (const auto& expression : listAt(selector, "/matchExpressions"))
        if (!expressionFits(expression, labels)) return false;
    return true;
}

bool DisruptionBudget::covers(const Json& pod) const {
    return textAt(pod, "/metadata/namespace") == ns && selectorFits(selector, valueAt(pod, "/metadata/labels"));
}

std::vector<DisruptionBudget> disruptionBudgets(const std::string& text) {
    auto list = Json::parse(text, nullptr, false);
    std::vector<DisruptionBudget> budgets;
    for (const auto& item : listAt(list, "/items")) {
        DisruptionBudget budget{textAt(item, "/metadata/namespace"), textAt(item, "/metadata/name"), 0,
                                valueAt(item, "/spec/selector")};
        const auto& allowed = valueAt(item, "/status/disruptionsAllowed");
        if (allowed.is_number_integer()) budget.allowed = allowed.get<std::int64_t>();
        budgets.push_back(std::move(budget));
    }
    return budgets;
}

}  // namespace klaw::operate
