#include "agent/backup/discovery.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/text/json_fields.hpp"

namespace klaw::backup {
namespace {

using Json = nlohmann::json;

constexpr auto aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
constexpr auto plain = "application/json";

bool canBeKept(const Json& verbs) {
    auto has = [&](const char* verb) { return std::find(verbs.begin(), verbs.end(), verb) != verbs.end(); };
    return verbs.is_array() && has("list") && has("create") && has("get");
}

std::string versionOf(const std::string& group, const std::string& version) {
    return group.empty() ? version : group + "/" + version;
}

/// The kinds found so far; of each resource of a group the first version counts.
class Collected {
public:
    void add(const std::string& group, Kind kind) {
        if (seen_.insert({group, kind.plural}).second) found_.kinds.push_back(std::move(kind));
    }
    void problem(std::string text) { found_.problems.push_back(std::move(text)); }
    Discovered take() {
        std::ranges::sort(found_.kinds, {}, [](const Kind& kind) {
            return std::tuple(restoreRank(kind), std::string(kind.group()), kind.plural);
        });
        return std::move(found_);
    }

private:
    std::set<std::pair<std::string, std::string>> seen_;
    Discovered found_;
};

void addAggregated(const Json& list, Collected& into) {
    for (const auto& item : at(list, "items")) {
        auto group = textAt(at(item, "metadata"), "name");
        for (const auto& version : at(item, "versions")) {
            auto apiVersion = versionOf(group, textAt(version, "version"));
            if (textAt(version, "freshness") == "Stale") {
                into.problem(apiVersion + ": its API server does not answer");
                continue;
            }
            for (const auto& resource : at(version, "resources"))
                if (canBeKept(at(resource, "verbs")))
                    into.add(group, {apiVersion, textAt(at(resource, "responseKind"), "kind"),
                                     textAt(resource, "resource"), textAt(resource, "scope") == "Namespaced"});
        }
    }
}

/// The versions of each group, the preferred one first.
std::vector<std::pair<std::string, std::string>> versionsOf(const Json& groups) {
    std::vector<std::pair<std::string, std::string>> versions;
    for (const auto& group : at(groups, "groups")) {
        auto name = textAt(group, "name"), preferred = textAt(at(group, "preferredVersion"), "groupVersion");
        versions.emplace_back(name, preferred);
        for (const auto& version : at(group, "versions"))
            if (auto each = textAt(version, "groupVersion"); each != preferred) versions.emplace_back(name, each);
    }
    return versions;
}

Task<void> addVersion(const Fetch& fetch, std::string root, std::string group, std::string apiVersion,
                      Collected& into) {
    auto body = co_await fetch(root + apiVersion, plain);
    if (!body) {
        into.problem(apiVersion + ": " + body.error().message);
        co_return;
    }
    auto list = parsedJson<Json>(*body);
    for (const auto& resource : at(list, "resources")) {
        auto name = textAt(resource, "name");
        if (name.find('/') != std::string::npos || !canBeKept(at(resource, "verbs"))) continue;
        into.add(group, {apiVersion, textAt(resource, "kind"), name, flagAt(resource, "namespaced", false)});
    }
}

}  // namespace

Task<Result<Discovered>> discoverKinds(Fetch fetch) {
    Collected found;
    for (std::string root : {"/api", "/apis"}) {
        auto body = co_await fetch(root, aggregated);
        if (!body) co_return fail(std::move(body).error());
        auto list = parsedJson<Json>(*body);
        if (textAt(list, "kind") == "APIGroupDiscoveryList") {
            addAggregated(list, found);
            continue;
        }
        if (!list.is_object())
            co_return fail(ErrorCode::Unavailable, "the API server says in no known way what it serves");
        for (const auto& version : textsAt(list, "versions")) co_await addVersion(fetch, "/api/", "", version, found);
        for (const auto& [group, version] : versionsOf(list))
            co_await addVersion(fetch, "/apis/", group, version, found);
    }
    co_return found.take();
}

}  // namespace klaw::backup
