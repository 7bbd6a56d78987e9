#include "rules/incident_context.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "rules/owner.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::rules {
namespace {

constexpr std::array<std::string_view, 3> workloads{"deployments.apps", "statefulsets.apps", "daemonsets.apps"};
constexpr std::size_t maxRemembered = 10'000;

std::string keyOf(std::string_view cluster, std::string_view resource, std::string_view ns, std::string_view name) {
    std::string key;
    for (auto part : {cluster, resource, ns, name}) key.append(part).append(1, '\n');
    return key;
}

std::string imageOf(PackedView containers, std::string_view name) {
    for (auto container : containers)
        if (container["name"].asString() == name) return std::string(container["image"].asString());
    return {};
}

void addImages(PackedView before, PackedView after, std::vector<std::string>& into) {
    for (auto container : after) {
        auto name = container["name"].asString();
        auto was = imageOf(before, name), is = std::string(container["image"].asString());
        if (!was.empty() && was != is) into.push_back(std::string(name) + ": " + was + " → " + is);
    }
}

std::string joined(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items) out += (out.empty() ? "" : ", ") + item;
    return out;
}

/// Empty where the spec is as it was.
std::string differenceOf(PackedView before, PackedView after) {
    if (before["metadata"]["generation"].asInt() == after["metadata"]["generation"].asInt()) return {};
    std::vector<std::string> parts;
    addImages(before["spec"]["template"]["spec"]["containers"], after["spec"]["template"]["spec"]["containers"], parts);
    auto was = before["spec"]["replicas"], is = after["spec"]["replicas"];
    if (was && is && was.asInt() != is.asInt())
        parts.push_back("replicas: " + std::to_string(was.asInt()) + " → " + std::to_string(is.asInt()));
    return parts.empty() ? "spec" : joined(parts);
}

bool hasEntry(PackedView entries, PackedView wanted) {
    for (auto entry : entries) {
        bool same = true;
        for (auto field : {"manager", "time", "subresource"})
            same = same && entry[field].asString() == wanted[field].asString();
        if (same) return true;
    }
    return false;
}

/// Who wrote the newest entry that was not there before and is not about the status; their times are whole seconds.
/// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
std::string managerOf(PackedView before, PackedView after) {
    auto known = before["metadata"]["managedFields"];
    std::string_view manager, newest;
    bool fresh = false;
    for (auto entry : after["metadata"]["managedFields"]) {
        if (entry["subresource"].asString() == "status") continue;
        bool isNew = !hasEntry(known, entry);
        auto time = entry["time"].asString();
        if (std::pair(isNew, time) < std::pair(fresh, newest)) continue;
        fresh = isNew;
        newest = time;
        manager = entry["manager"].asString();
    }
    return std::string(manager);
}

}  // namespace

bool isWorkload(std::string_view resource) {
    return std::ranges::find(workloads, resource) != workloads.end();
}

std::optional<RecentChange> IncidentContext::note(const Change& change, TimePoint now) {
    if (!isWorkload(change.resource) || change.initial) return std::nullopt;
    if (change.type == Change::Type::Added) return RecentChange{"created", managerOf({}, change.object), now};
    if (change.type == Change::Type::Deleted) return RecentChange{"deleted", {}, now};
    if (!change.old) return std::nullopt;
    auto what = differenceOf(change.old, change.object);
    if (what.empty()) return std::nullopt;
    auto metadata = change.object["metadata"];
    auto key = keyOf(change.cluster, change.resource, metadata["namespace"].asString(), metadata["name"].asString());
    auto& kept = changes_[key];
    kept.push_back({std::move(what), managerOf(change.old, change.object), now});
    if (kept.size() > maxKept) kept.pop_front();
    auto noted = kept.back();
    order_.emplace_back(now, std::move(key));
    forgetBefore(now - window);
    return noted;
}

void IncidentContext::forgetBefore(TimePoint time) {
    while (!order_.empty() && (order_.front().first < time || order_.size() > maxRemembered)) {
        auto kept = changes_.find(order_.front().second);
        if (kept != changes_.end()) {
            std::erase_if(kept->second, [&](const RecentChange& change) { return change.at <= order_.front().first; });
            if (kept->second.empty()) changes_.erase(kept);
        }
        order_.pop_front();
    }
}

void IncidentContext::describe(Incident& incident) const {
    const auto& owner = incident.owner;
    if (auto kept = changes_.find(keyOf(incident.cluster, owner.resource, owner.ns, owner.name));
        kept != changes_.end())
        for (const auto& change : kept->second)
            if (change.at <= incident.openedAt && change.at >= incident.openedAt - window)
                incident.changes.push_back(change);
    if (owner.resource != "nodes") return;
    std::map<std::string, std::size_t> pods;
    objects_.forEach(incident.cluster, "pods", [&](PackedView pod) {
        if (pod["spec"]["nodeName"].asString() != owner.name) return;
        auto of = ownerOf(incident.cluster, "pods", pod);
        ++pods[(of.kind.empty() ? of.resource : of.kind) + " " + of.ns + "/" + of.name];
    });
    std::vector<std::pair<std::string, std::size_t>> most(pods.begin(), pods.end());
    std::ranges::sort(
        most, [](const auto& a, const auto& b) { return std::pair(b.second, a.first) < std::pair(a.second, b.first); });
    for (std::size_t i = 0; i < most.size() && i < maxShown; ++i)
        incident.dependents.push_back(most[i].first +
                                      (most[i].second > 1 ? " (" + std::to_string(most[i].second) + ")" : ""));
    if (most.size() > maxShown) incident.dependents.push_back("+ " + std::to_string(most.size() - maxShown));
}

}  // namespace klaw::rules
