#include "agent/operate/disruption_budgets.hpp"

#include <algorithm>

#include "agent/operate/label_selector.hpp"
#include "agent/operate/planned_object.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

}  // namespace

bool DisruptionBudget::covers(const Json& pod) const {
    return textAt(pod, "/metadata/namespace") == ns && selects(selector, valueAt(pod, "/metadata/labels"));
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
