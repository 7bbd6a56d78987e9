#include "agent/scrape/lease_source.hpp"

#include <simdjson.h>

#include "rules/owner.hpp"

namespace klaw::scrape {
namespace {

constexpr Duration timeout = 10s;
// So do API servers identify themselves; leases of those that are gone stay for an hour.
constexpr std::string_view ofApiServers = "apiserver-";

Result<std::map<std::string, std::string>> renewTimesOf(const std::string& body) {
    simdjson::dom::parser parser;
    simdjson::dom::array items;
    if (parser.parse(body)["items"].get(items)) return fail(ErrorCode::DataLoss, "the answer is no LeaseList");
    std::map<std::string, std::string> times;
    for (auto item : items) {
        std::string_view name, time;
        bool read = !item.at_pointer("/metadata/name").get(name) && !item.at_pointer("/spec/renewTime").get(time);
        if (read && !name.starts_with(ofApiServers)) times.emplace(name, time);
    }
    return times;
}

double seconds(Duration age) {
    return std::chrono::duration<double>(age).count();
}

bool isReady(PackedView node) {
    for (auto condition : node["status"]["conditions"])
        if (condition["type"].asString() == "Ready") return condition["status"].asString() == "True";
    return false;
}

}  // namespace

std::optional<std::map<std::string, Duration>> LeaseAges::seen(const std::map<std::string, std::string>& renewTimes,
                                                               TimePoint now) {
    if (!since_) since_ = now;
    std::erase_if(seen_, [&](const auto& entry) { return !renewTimes.contains(entry.first); });
    std::map<std::string, Duration> ages;
    for (const auto& [name, renewTime] : renewTimes) {
        auto& known = seen_[name];
        if (known.renewTime != renewTime) known = {renewTime, now};
        ages.emplace(name, now - known.at);
    }
    return now - *since_ >= settles ? std::optional(std::move(ages)) : std::nullopt;
}

Task<void> LeaseSource::look(MetricSink& sink) {
    const auto& cluster = server_.access().name;
    std::string ns = of_ == Of::Nodes ? "kube-node-lease" : "kube-system";
    auto response = co_await server_.get("/apis/coordination.k8s.io/v1/namespaces/" + ns + "/leases", timeout);
    auto times = response ? renewTimesOf(response->body) : fail(response.error());
    if (!times) {
        if (times.error().code != ErrorCode::Cancelled) sink.lost(cluster, source(), times.error());
        co_return;
    }
    if (auto ages = ages_.seen(*times, clock_.now())) sink.samples(cluster, source(), {}, samplesOf(*ages));
}

std::vector<rules::Sample> LeaseSource::samplesOf(const std::map<std::string, Duration>& ages) const {
    if (of_ == Of::Nodes) return samplesOfNodes(ages);
    std::vector<rules::Sample> samples;
    for (const auto& [name, age] : ages) {
        rules::ObjectRef lease{server_.access().name, "leases.coordination.k8s.io", "Lease", "kube-system", name, ""};
        samples.push_back({"component_lease_age_seconds", {{"lease", name}}, seconds(age), lease, lease});
    }
    return samples;
}

std::vector<rules::Sample> LeaseSource::samplesOfNodes(const std::map<std::string, Duration>& ages) const {
    std::vector<rules::Sample> samples;
    const auto& cluster = server_.access().name;
    objects_.forEach(cluster, "nodes", [&](PackedView object) {
        auto node = rules::refOf(cluster, "nodes", object);
        auto age = ages.find(node.name);
        if (age == ages.end() || !isReady(object)) return;
        samples.push_back({"node_lease_age_seconds", {{"node", node.name}}, seconds(age->second), node, node});
    });
    return samples;
}

}  // namespace klaw::scrape
