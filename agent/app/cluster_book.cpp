#include "agent/app/cluster_book.hpp"

#include <nlohmann/json.hpp>

#include "base/text/json_fields.hpp"

namespace klaw {
namespace {

using Json = nlohmann::json;

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool flagAt(const Json& json, const char* name) {
    auto found = json.find(name);
    return found != json.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

std::string kube::toText(const ClusterSource& source) {
    Json json{{"kubeconfig", source.kubeconfig},
              {"context", source.context},
              {"impersonate", source.impersonate},
              {"read_only", source.readOnly},
              {"labels", source.labels}};
    if (const auto& secret = source.secret)
        json["secret"] = {
            {"cluster", secret->cluster}, {"namespace", secret->ns}, {"name", secret->name}, {"key", secret->key}};
    return dumped(json);
}

bool kube::fromText(const std::string& name, const std::string& text, ClusterSource& into) {
    auto json = Json::parse(text, nullptr, false);
    if (!json.is_object() || name.empty()) return false;
    into.name = name;
    into.kubeconfig = textAt(json, "kubeconfig");
    into.context = textAt(json, "context");
    into.impersonate = flagAt(json, "impersonate");
    into.readOnly = flagAt(json, "read_only");
    if (auto labels = json.find("labels"); labels != json.end() && labels->is_object())
        for (const auto& [key, value] : labels->items())
            if (value.is_string()) into.labels[key] = value.get<std::string>();
    if (auto secret = json.find("secret"); secret != json.end() && secret->is_object())
        into.secret = SecretReference{textAt(*secret, "cluster"), textAt(*secret, "namespace"), textAt(*secret, "name"),
                                      textAt(*secret, "key")};
    return into.secret ? !into.secret->name.empty() : !into.kubeconfig.empty();
}

std::string operate::toText(const Defaults& defaults) {
    return dumped({{"cluster", defaults.cluster}, {"namespace", defaults.ns}});
}

bool operate::fromText(const std::string&, const std::string& text, Defaults& into) {
    auto json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return false;
    into = {textAt(json, "cluster"), textAt(json, "namespace")};
    return !into.cluster.empty() || !into.ns.empty();
}

}  // namespace klaw
