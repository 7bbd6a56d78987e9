#include "agent/operate/eviction_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/operate/disruption_budgets.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

/// As kubectl waits after a refusal of a budget, unless the API server says longer.
constexpr Duration betweenTries = 5s;
/// A try is a row of the audit log: while a budget is seen to allow nothing they are rarer.
constexpr Duration betweenBlockedTries = 30s;
constexpr std::size_t mostNamed = 5;

/// The answer may have been lost on its way: the list of Pods tells.
bool mayComeTrue(const Error& error) {
    return error.code == ErrorCode::OutcomeUnknown || error.code == ErrorCode::DeadlineExceeded ||
           error.code == ErrorCode::Unavailable || error.code == ErrorCode::Cancelled ||
           error.code == ErrorCode::Conflict;
}

}  // namespace

std::string pathOfPodsOn(const std::string& node) {
    return "/api/v1/pods?fieldSelector=" + percentEncode("spec.nodeName=" + node);
}

EvictionRun::EvictionRun(const Plan& plan) {
    for (const auto& part : plan.parts) {
        Pod pod;
        pod.title = part.ns + "/" + part.name;
        pod.uid = part.uid;
        pods_.push_back(std::move(pod));
    }
}

void EvictionRun::look(const std::string& text, const Result<std::string>& budgetList, TimePoint now) {
    auto list = Json::parse(text, nullptr, false);
    // An empty list of metadata alone has null.
    bool known = list.is_object() && list.contains("items") && (list["items"].is_array() || list["items"].is_null());
    if (!known) return;
    std::map<std::string, const Json*> there;
    for (const auto& item : list["items"]) there[textAt(item, "/metadata/uid")] = &item;
    auto budgets = budgetList ? disruptionBudgets(*budgetList) : std::vector<DisruptionBudget>();
    for (auto& pod : pods_) {
        if (pod.state == State::Gone) continue;
        auto found = there.find(pod.uid);
        if (found == there.end()) {
            pod.state = State::Gone;
            continue;
        }
        const auto& object = *found->second;
        if (!valueAt(object, "/metadata/deletionTimestamp").is_null()) pod.state = State::Going;
        pod.blocker.clear();
        for (const auto& budget : budgets)
            if (budget.allowed <= 0 && budget.covers(object)) pod.blocker = budget.title();
        bool opened = pod.state == State::Waiting && pod.blocker.empty() && pod.triedAt != TimePoint();
        if (opened) pod.tryAt = std::min(pod.tryAt, std::max(now, pod.triedAt + betweenTries));
    }
}

std::vector<std::size_t> EvictionRun::due(TimePoint now) const {
    std::vector<std::size_t> due;
    for (std::size_t i = 0; i < pods_.size(); ++i)
        if (pods_[i].state == State::Waiting && pods_[i].tryAt <= now) due.push_back(i);
    return due;
}

void EvictionRun::answered(std::size_t index, const Result<std::string>& answer, TimePoint now) {
    auto& pod = pods_[index];
    pod.triedAt = now;
    if (answer) {
        pod.state = State::Going;
        return;
    }
    const auto& error = answer.error();
    pod.why = error.message;
    if (error.code == ErrorCode::NotFound) {
        pod.state = State::Gone;
    } else if (error.code == ErrorCode::ResourceExhausted) {
        auto wait = error.retry.kind == Retry::Kind::After ? error.retry.after : Duration{};
        pod.tryAt = now + std::max(wait, pod.blocker.empty() ? betweenTries : betweenBlockedTries);
    } else if (mayComeTrue(error)) {
        pod.tryAt = now + betweenTries;
    } else {
        pod.state = State::Refused;
    }
}

bool EvictionRun::ended() const {
    return std::ranges::all_of(pods_,
                               [](const Pod& pod) { return pod.state == State::Gone || pod.state == State::Refused; });
}

std::size_t EvictionRun::gone() const {
    return static_cast<std::size_t>(std::ranges::count(pods_, State::Gone, &Pod::state));
}

bool EvictionRun::moving() const {
    return std::ranges::count(pods_, State::Going, &Pod::state) > 0;
}

std::string EvictionRun::text(bool chinese) const {
    std::vector<std::string> left;
    for (const auto& pod : pods_) {
        if (pod.state == State::Gone) continue;
        if (pod.state == State::Going)
            left.push_back(pod.title + (chinese ? "（正在退出）" : " (is ending)"));
        else if (pod.state == State::Refused)
            left.push_back(pod.title + (chinese ? "（被拒绝：" : " (refused: ") + pod.why + (chinese ? "）" : ")"));
        else if (!pod.blocker.empty())
            left.push_back(pod.title + (chinese ? "（等待 PDB " : " (waits for the disruption budget ") + pod.blocker +
                           (chinese ? "）" : ")"));
        else
            left.push_back(pod.title + (pod.why.empty() ? "" : " (" + pod.why + ")"));
    }
    auto text =
        fmt::format(fmt::runtime(chinese ? "已驱逐 {}/{} 个 Pod" : "{} of {} Pods evicted"), gone(), pods_.size());
    if (left.empty()) return text;
    auto more = left.size() - std::min(left.size(), mostNamed);
    left.resize(left.size() - more);
    text += (chinese ? "；剩余：" : "; left: ") + fmt::format("{}", fmt::join(left, chinese ? "、" : ", "));
    if (more > 0) text += fmt::format(fmt::runtime(chinese ? "，另有 {} 个" : " and {} more"), more);
    return text;
}

std::vector<EvictionRun::Settled> EvictionRun::takeSettled() {
    std::vector<Settled> settled;
    for (std::size_t i = 0; i < pods_.size(); ++i) {
        auto& pod = pods_[i];
        bool over = pod.state == State::Gone || pod.state == State::Refused;
        if (!over || std::exchange(pod.told, true)) continue;
        settled.push_back({i, pod.state == State::Gone, pod.state == State::Gone ? std::string() : pod.why});
    }
    return settled;
}

}  // namespace klaw::operate
