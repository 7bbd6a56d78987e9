#include "agent/app/cluster_book.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/text/json_fields.hpp"

namespace klaw::app {
namespace {

using Json = nlohmann::json;
using kube::ClusterSource;

std::string toText(const ClusterSource& source) {
    Json json{{"kubeconfig", source.kubeconfig},
              {"context", source.context},
              {"impersonate", source.impersonate},
              {"read_only", source.readOnly},
              {"labels", source.labels}};
    if (const auto& secret = source.secret)
        json["secret"] = {
            {"cluster", secret->cluster}, {"namespace", secret->ns}, {"name", secret->name}, {"key", secret->key}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool flagAt(const Json& json, const char* name) {
    auto found = json.find(name);
    return found != json.end() && found->is_boolean() && found->get<bool>();
}

/// Nothing for what cannot be read: such a cluster is not watched.
std::optional<ClusterSource> fromText(std::string name, const std::string& text) {
    auto json = Json::parse(text, nullptr, false);
    if (!json.is_object() || name.empty()) return std::nullopt;
    ClusterSource source;
    source.name = std::move(name);
    source.kubeconfig = textAt(json, "kubeconfig");
    source.context = textAt(json, "context");
    source.impersonate = flagAt(json, "impersonate");
    source.readOnly = flagAt(json, "read_only");
    if (auto labels = json.find("labels"); labels != json.end() && labels->is_object())
        for (const auto& [key, value] : labels->items())
            if (value.is_string()) source.labels[key] = value.get<std::string>();
    if (auto secret = json.find("secret"); secret != json.end() && secret->is_object())
        source.secret = kube::SecretReference{textAt(*secret, "cluster"), textAt(*secret, "namespace"),
                                              textAt(*secret, "name"), textAt(*secret, "key")};
    bool whole = source.secret ? !source.secret->name.empty() : !source.kubeconfig.empty();
    return whole ? std::optional(std::move(source)) : std::nullopt;
}

}  // namespace

void ClusterBook::restore(const Meta& meta) {
    for (auto at = meta.lower_bound(keyPrefix); at != meta.end() && at->first.starts_with(keyPrefix); ++at) {
        auto name = at->first.substr(keyPrefix.size());
        if (auto source = fromText(name, at->second)) added_[name] = std::move(*source);
    }
}

void ClusterBook::add(const ClusterSource& source) {
    changes_.push_back({std::string(keyPrefix) + source.name, toText(source)});
}

void ClusterBook::remove(const std::string& name) {
    changes_.push_back({std::string(keyPrefix) + name, {}});
}

std::vector<ClusterSource> ClusterBook::all() const {
    std::vector<ClusterSource> sources;
    for (const auto& [name, source] : added_) sources.push_back(source);
    return sources;
}

std::vector<storage::MetaEntry> ClusterBook::takeChanges() {
    return std::exchange(changes_, {});
}

bool ClusterBook::stored(const std::vector<storage::MetaEntry>& entries) {
    for (const auto& entry : entries) {
        auto name = entry.key.substr(keyPrefix.size());
        if (entry.value.empty())
            added_.erase(name);
        else if (auto source = fromText(name, entry.value))
            added_[name] = std::move(*source);
    }
    return !entries.empty();
}

}  // namespace klaw::app
