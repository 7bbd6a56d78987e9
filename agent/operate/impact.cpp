#include "agent/operate/impact.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/operate/plan_outcome.hpp"
#include "agent/operate/planned_object.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

bool isWorkload(const std::string& kind) {
    static constexpr std::array<std::string_view, 4> kinds{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"};
    return std::ranges::find(kinds, kind) != kinds.end();
}

std::int64_t numberAt(const Json& json, const std::string& pointer, std::int64_t otherwise) {
    const auto& value = valueAt(json, pointer);
    return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

std::int64_t podsOf(const Json& workload) {
    bool everywhere = textAt(workload, "/kind") == "DaemonSet";
    return everywhere ? numberAt(workload, "/status/desiredNumberScheduled", 0)
                      : numberAt(workload, "/spec/replicas", 1);
}

bool hasNames(const Json& list) {
    return !list.empty() &&
           std::all_of(list.begin(), list.end(), [](const Json& item) { return !textAt(item, "/name").empty(); });
}

/// As a server-side apply leaves it: what it names is set, in lists by `name`; what it does not name stays.
void applyTo(Json& object, const Json& wanted) {
    if (wanted.is_object() && object.is_object()) {
        for (const auto& [key, value] : wanted.items()) applyTo(object[key], value);
        return;
    }
    bool byName = wanted.is_array() && object.is_array() && hasNames(wanted);
    if (!byName) {
        object = wanted;
        return;
    }
    for (const auto& item : wanted) {
        auto same = std::find_if(object.begin(), object.end(),
                                 [&](const Json& other) { return textAt(other, "/name") == textAt(item, "/name"); });
        if (same == object.end())
            object.push_back(item);
        else
            applyTo(*same, item);
    }
}

/// What Klaw alone has set goes back to the default when an apply does not name it any more.
void forgetReplicas(Json& object, const Json& wanted) {
    if (!valueAt(wanted, "/spec/replicas").is_null()) return;
    bool own = false, others = false;
    for (const auto& entry : valueAt(object, "/metadata/managedFields")) {
        if (valueAt(entry, "/fieldsV1/f:spec/f:replicas").is_null()) continue;
        bool klaw = textAt(entry, "/manager") == fieldManager && textAt(entry, "/operation") == "Apply";
        own = own || klaw;
        others = others || !klaw;
    }
    if (own && !others) object["spec"].erase("replicas");
}

/// As the change leaves it; as it was where it cannot be applied here.
Json patched(const Json& before, const kube::ChangeRequest& request) {
    auto operations = Json::parse(request.body, nullptr, false);
    if (request.contentType == applyType && operations.is_object()) {
        auto after = before;
        forgetReplicas(after, operations);
        applyTo(after, operations);
        return after;
    }
    if (request.method == "PUT" && operations.is_object()) return operations;
    if (!operations.is_array()) return before;
    try {
        return before.patch(operations);
    } catch (const Json::exception&) {  // a test that fails, a place that is not there: the API server says so
        return before;
    }
}

/// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable: a number, or a percentage.
std::int64_t partOf(const Json& value, std::int64_t pods, bool up) {
    if (value.is_number_integer()) return value.get<std::int64_t>();
    auto text = value.is_string() ? value.get<std::string>() : std::string("25%");
    std::int64_t percent = 0;
    std::from_chars(text.data(), text.data() + text.size(), percent);
    percent = std::clamp<std::int64_t>(percent, 0, 100);
    return (pods * percent + (up ? 99 : 0)) / 100;
}

/// How many may be missing while a workload replaces its Pods.
std::int64_t missingMeanwhile(const Json& workload, std::int64_t pods) {
    if (textAt(workload, "/kind") != "Deployment") return 1;
    if (textAt(workload, "/spec/strategy/type") == "Recreate") return pods;
    auto missing = partOf(valueAt(workload, "/spec/strategy/rollingUpdate/maxUnavailable"), pods, false);
    auto beside = partOf(valueAt(workload, "/spec/strategy/rollingUpdate/maxSurge"), pods, true);
    return missing == 0 && beside == 0 ? 1 : missing;
}

Impact ofWorkload(const Plan& plan, Json before) {
    Impact impact;
    auto pods = podsOf(before);
    if (plan.request.method == "DELETE") {
        impact.replicas = 0;
        impact.pods = pods;
        impact.loss = Impact::Loss::All;
    }
    if (plan.request.method == "PATCH" || plan.request.method == "PUT") {
        auto after = patched(before, plan.request);
        auto left = podsOf(after);
        bool replaces = valueAt(after, "/spec/template") != valueAt(before, "/spec/template");
        if (valueAt(after, "/spec/replicas") != valueAt(before, "/spec/replicas")) {
            impact.replicas = left;
            impact.pods = std::max(left - pods, pods - left);
            if (left < pods) impact.loss = left == 0 ? Impact::Loss::All : Impact::Loss::Smaller;
        }
        if (replaces) {
            impact.pods = std::max(pods, left);
            bool all = pods > 0 && missingMeanwhile(before, pods) >= pods;
            if (impact.loss == Impact::Loss::None && all) impact.loss = Impact::Loss::All;
            impact.single = pods == 1 && !all;
        }
    }
    impact.workload = std::move(before);
    return impact;
}

/// One that is not there yet.
Impact ofNewWorkload(const Json& wanted) {
    Impact impact;
    impact.pods = podsOf(wanted);
    if (textAt(wanted, "/kind") != "DaemonSet") impact.replicas = impact.pods;
    return impact;
}

Impact ofNode(const Plan& plan, const Json& before) {
    Impact impact;
    auto after = patched(before, plan.request);
    const auto& there = listAt(before, "/spec/taints");
    impact.taints = Json::array();
    for (const auto& taint : listAt(after, "/spec/taints")) {
        bool comes = std::find(there.begin(), there.end(), taint) == there.end();
        if (comes && textAt(taint, "/effect") == "NoExecute") impact.taints.push_back(taint);
    }
    if (!impact.taints.empty()) impact.loss = Impact::Loss::OnNode;
    return impact;
}

bool tolerates(const Json& toleration, const Json& taint) {
    auto key = textAt(toleration, "/key"), effect = textAt(toleration, "/effect");
    bool fits = (effect.empty() || effect == "NoExecute") && (key.empty() || key == textAt(taint, "/key"));
    bool any = textAt(toleration, "/operator") == "Exists";
    return fits && (any || (!key.empty() && textAt(toleration, "/value") == textAt(taint, "/value"))) &&
           valueAt(toleration, "/tolerationSeconds").is_null();
}

}  // namespace

bool isEndedBy(const Json& taints, const Json& pod) {
    const auto& tolerations = listAt(pod, "/spec/tolerations");
    return std::any_of(taints.begin(), taints.end(), [&](const Json& taint) {
        return std::none_of(tolerations.begin(), tolerations.end(),
                            [&](const Json& each) { return tolerates(each, taint); });
    });
}

Impact impactOf(const Plan& plan) {
    if (plan.evictsFor) {
        Impact impact;
        impact.pods = static_cast<std::int64_t>(plan.parts.size());
        impact.loss = impact.pods > 0 ? Impact::Loss::Parts : Impact::Loss::None;
        impact.evicts = true;
        return impact;
    }
    if (!plan.parts.empty()) {
        Impact impact;
        for (const auto& part : plan.parts) {
            auto one = impactOf(part);
            impact.pods += one.pods;
            if (one.replicas) impact.replicas = std::min(impact.replicas.value_or(*one.replicas), *one.replicas);
        }
        return impact;
    }
    auto before = Json::parse(plan.before, nullptr, false);
    if (isWorkload(plan.kind) && before.is_object()) return ofWorkload(plan, std::move(before));
    auto wanted = Json::parse(plan.wanted, nullptr, false);
    if (isWorkload(plan.kind) && wanted.is_object()) return ofNewWorkload(wanted);
    if (plan.kind == "Node" && plan.request.method == "PATCH" && before.is_object()) return ofNode(plan, before);
    Impact impact;
    if (plan.kind == "Namespace" && plan.request.method == "DELETE") impact.loss = Impact::Loss::Inside;
    if (plan.kind == "Pod" && wanted.is_object()) impact.pods = 1;
    bool evicts = plan.request.path.ends_with("/eviction");
    if (plan.kind == "Pod" && (evicts || plan.request.method == "DELETE")) {
        impact.pods = 1;
        impact.loss = Impact::Loss::Itself;
        impact.evicts = evicts;
    }
    return impact;
}

}  // namespace klaw::operate
