#include "agent/app/mcp_plans.hpp"

#include "agent/app/answered.hpp"
#include "agent/deliver/button_offers.hpp"

namespace klaw::app {
namespace {

constexpr std::size_t idBytes = 12, mostPlans = 1000;
/// Whoever asks again hears for so long what became of it.
constexpr Duration rememberFor = 24h;

bool isOpen(const McpPlan& plan) {
    return !plan.over();
}

}  // namespace

const McpPlan& McpPlans::add(McpPlan plan, TimePoint now) {
    forget(now);
    plan.id = "p-" + random_.token(idBytes);
    plan.until = now + lifetime;
    auto id = plan.id;
    return plans_[id] = std::move(plan);
}

McpPlan* McpPlans::find(const std::string& id, const std::string& principal, TimePoint now) {
    auto found = plans_.find(id);
    if (found == plans_.end() || found->second.principal != principal) return nullptr;
    auto& plan = found->second;
    if (plan.state == McpPlan::State::Planned && now >= plan.until) return nullptr;
    return &plan;
}

McpPlan* McpPlans::find(const std::string& id) {
    auto found = plans_.find(id);
    return found == plans_.end() ? nullptr : &found->second;
}

McpPlan* McpPlans::ofCard(const std::string& card) {
    if (!card.starts_with(programCardPrefix)) return nullptr;
    return find(card.substr(programCardPrefix.size()));
}

std::string McpPlans::cardOf(const McpPlan& plan) {
    return std::string(programCardPrefix) + plan.id;
}

/// Those that are over, and the oldest where there are too many.
void McpPlans::forget(TimePoint now) {
    std::erase_if(plans_, [&](const auto& each) {
        const auto& plan = each.second;
        bool unasked = plan.state == McpPlan::State::Planned;
        return now >= plan.until + (unasked ? Duration() : rememberFor);
    });
    while (plans_.size() >= mostPlans) {
        auto oldest = plans_.begin();
        for (auto each = plans_.begin(); each != plans_.end(); ++each) {
            bool sooner = isOpen(each->second) == isOpen(oldest->second) ? each->second.until < oldest->second.until
                                                                         : !isOpen(each->second);
            if (sooner) oldest = each;
        }
        plans_.erase(oldest);
    }
}

}  // namespace klaw::app
