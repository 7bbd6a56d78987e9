#include "agent/operate/cluster_template.hpp"

#include <algorithm>
#include <set>

#include "agent/operate/applied_object.hpp"
#include "agent/operate/cluster_api.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr std::string_view usualValues[] = {"CLUSTER_NAME", "NAMESPACE", "KUBERNETES_VERSION",
                                            "CONTROL_PLANE_MACHINE_COUNT", "WORKER_MACHINE_COUNT"};

tl::unexpected<Error> unfit(std::string message, std::string remedy) {
    return fail(ErrorCode::InvalidArgument, std::move(message), {}, std::move(remedy));
}

bool isNameSign(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// What is neither a quote, a blank nor a sign of YAML where a value stands.
bool isPlainValue(const std::string& value) {
    constexpr std::string_view others = "._/@+=-,:";
    auto fits = [&](char c) { return isNameSign(c) || others.find(c) != others.npos; };
    return !value.empty() && std::ranges::all_of(value, fits) && value.back() != ':';
}

std::string listed(const auto& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

/// What stands between "${" and "}".
struct Variable {
    std::string name;
    std::optional<std::string> usual;
};

Result<Variable> variableOf(std::string_view inner) {
    auto end = std::ranges::find_if_not(inner, isNameSign) - inner.begin();
    Variable variable{std::string(inner.substr(0, end)), {}};
    auto rest = inner.substr(end);
    for (std::string_view sign : {":=", ":-", "=", "-"})
        if (!variable.usual && rest.starts_with(sign)) variable.usual = std::string(rest.substr(sign.size()));
    if (variable.name.empty() || (!rest.empty() && !variable.usual))
        return unfit("the template has \"${" + std::string(inner) + "}\", which is not understood",
                     "variables are ${NAME}, ${NAME:=usual} and ${NAME:-usual}");
    return variable;
}

struct Place {
    std::string ns, name, key;
};

Place placeOf(const std::string& where, const std::string& ns) {
    auto slash = where.find('/');
    if (slash == std::string::npos) return {ns, where, {}};
    auto second = where.find('/', slash + 1);
    Place place{where.substr(0, slash), where.substr(slash + 1, second - slash - 1), {}};
    if (second != std::string::npos) place.key = where.substr(second + 1);
    return place;
}

/// Its only value, or the one of that key.
Result<std::string> textIn(const Json& configMap, const Place& place) {
    std::vector<std::string> keys;
    const auto& data = valueAt(configMap, "/data");
    for (const auto& [key, value] : data.items()) keys.push_back(key);
    auto key = place.key.empty() && keys.size() == 1 ? keys.front() : place.key;
    auto found = std::ranges::find(keys, key);
    if (found != keys.end() && data[key].is_string()) return data[key].get<std::string>();
    auto name = "the ConfigMap " + place.ns + "/" + place.name;
    if (keys.empty()) return fail(ErrorCode::NotFound, name + " has nothing in it");
    return unfit(place.key.empty() ? name + " has several keys" : name + " has no key \"" + place.key + "\"",
                 "write --template " + place.ns + "/" + place.name + "/KEY; there are " + listed(keys));
}

/// A template is somebody else's text: it makes clusters, and nothing beside.
Result<void> checkObjects(const std::vector<YamlDocument>& documents, const Plan& plan) {
    auto isOfClusters = [](const Json& object) {
        auto apiVersion = textAt(object, "/apiVersion");
        auto group = apiVersion.substr(0, apiVersion.find('/'));
        return group == "cluster.x-k8s.io" || group.ends_with(".cluster.x-k8s.io");
    };
    bool there = false;
    for (const auto& document : documents) {
        const auto& object = document.object;
        auto what = textAt(object, "/kind") + " " + textAt(object, "/metadata/name");
        if (!isOfClusters(object))
            return unfit("the template makes " + what + ", which is no object of Cluster API",
                         "make it by itself: `apply`");
        there = there || (textAt(object, "/kind") == "Cluster" && textAt(object, "/metadata/name") == plan.name);
    }
    if (!there) return unfit("the template makes no Cluster " + plan.name, "its name is ${CLUSTER_NAME}");
    return {};
}

}  // namespace

Result<std::string> withValues(std::string_view text, const std::map<std::string, std::string>& values) {
    std::string whole;
    std::set<std::string> missing, known;
    while (!text.empty()) {
        auto dollar = text.find("${");
        whole += text.substr(0, dollar);
        if (dollar == text.npos) break;
        text.remove_prefix(dollar);
        bool literal = !whole.empty() && whole.back() == '$';
        auto end = text.find('}');
        if (literal || end == text.npos) {
            if (literal) whole.pop_back();
            whole += "${";
            text.remove_prefix(2);
            continue;
        }
        auto variable = variableOf(text.substr(2, end - 2));
        if (!variable) return fail(std::move(variable).error());
        text.remove_prefix(end + 1);
        known.insert(variable->name);
        auto value = values.find(variable->name);
        if (value != values.end() && !isPlainValue(value->second))
            return unfit("the value of " + variable->name + " is \"" + value->second + "\"",
                         "letters, digits and ._/@+=-,: can stand in a template");
        if (value != values.end())
            whole += value->second;
        else if (variable->usual)
            whole += *variable->usual;
        else
            missing.insert(variable->name);
    }
    if (!missing.empty()) return unfit("the template wants " + listed(missing), "add NAME=VALUE for each");
    for (const auto& [name, value] : values) {
        bool usual = std::ranges::find(usualValues, name) != std::end(usualValues);
        if (!usual && !known.contains(name))
            return unfit("the template has no variable \"" + name + "\"", "it has " + listed(known));
    }
    return whole;
}

Task<Result<std::vector<Plan>>> templatedCluster(Control& control, Caller caller, Plan plan, std::string where,
                                                 std::map<std::string, std::string> values) {
    auto place = placeOf(where, plan.ns);
    auto path = "/api/v1/namespaces/" + percentEncode(place.ns) + "/configmaps/" + percentEncode(place.name);
    auto body = co_await control.askCluster(caller, plan.cluster, std::move(path), "application/json");
    if (!body) co_return fail(std::move(body).error());
    auto text = textIn(Json::parse(*body, nullptr, false), place);
    if (!text) co_return fail(std::move(text).error());
    auto whole = withValues(*text, values);
    if (!whole) co_return fail(std::move(whole).error());
    auto documents = readYamlDocuments(*whole);
    if (!documents) co_return fail(std::move(documents).error());
    if (auto fine = checkObjects(*documents, plan); !fine) co_return fail(std::move(fine).error());
    // When the Cluster is there all it refers to is.
    std::ranges::stable_partition(*documents,
                                  [](const auto& each) { return textAt(each.object, "/kind") != "Cluster"; });
    CommandLine line;
    line.options["namespace"] = plan.ns;
    auto parts =
        co_await appliedObjects(control, std::move(caller), plan.cluster, std::move(line), std::move(*documents));
    if (!parts) co_return parts;
    for (auto& part : *parts) part.permission = "clusters";
    co_return parts;
}

}  // namespace klaw::operate
