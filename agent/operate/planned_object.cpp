#include "agent/operate/planned_object.hpp"

#include <algorithm>

#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/digest.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

struct Named {
    std::vector<const ResourceKind*> kinds;  ///< it is of one of these
    std::string name;
    std::vector<std::string> rest;
};

std::string example(const CommandLine& line, std::string_view kind) {
    bool namespaced = findResourceKind(kind)->namespaced;
    return "for example: " + line.verb + " " + std::string(findResourceKind(kind)->aliases.front()) + "/NAME" +
           (namespaced ? " -n NAMESPACE" : "");
}

Result<Named> namedBy(const CommandLine& line, const std::vector<std::string_view>& kinds) {
    auto words = line.arguments;
    Named named;
    std::string kindWord;
    if (!words.empty()) {
        auto slash = words.front().find('/');
        if (slash != std::string::npos) {
            kindWord = words.front().substr(0, slash);
            named.name = words.front().substr(slash + 1);
            words.erase(words.begin());
        } else if (words.size() > 1 && findResourceKind(words.front())) {
            kindWord = words[0];
            named.name = words[1];
            words.erase(words.begin(), words.begin() + 2);
        } else {
            named.name = words.front();
            words.erase(words.begin());
        }
    }
    if (named.name.empty())
        return fail(ErrorCode::InvalidArgument, line.verb + " needs a name", {}, example(line, kinds.front()));
    named.rest = std::move(words);
    for (auto kind : kinds) named.kinds.push_back(findResourceKind(kind));
    if (kindWord.empty()) return named;
    const auto* meant = findResourceKind(kindWord);
    if (std::ranges::find(named.kinds, meant) == named.kinds.end()) {
        std::string names;
        for (auto kind : kinds) names += (names.empty() ? "" : ", ") + std::string(kind);
        return fail(ErrorCode::InvalidArgument, line.verb + " does not work on \"" + kindWord + "\"", {},
                    "it works on " + names);
    }
    named.kinds.assign(1, meant);
    return named;
}

/// Whether what is above a pointer is there and can have it.
bool hasRoomFor(const Json& object, const Json::json_pointer& at) {
    if (!object.contains(at.parent_pointer())) return false;
    const auto& parent = object.at(at.parent_pointer());
    return parent.is_object() || (parent.is_array() && object.contains(at));
}

}  // namespace

std::string pointerTo(const std::string& parent, const std::string& name) {
    auto pointer = Json::json_pointer(parent);
    pointer /= name;
    return pointer.to_string();
}

const Json& valueAt(const Json& json, const std::string& pointer) {
    static const Json none;
    Json::json_pointer at(pointer);
    return json.contains(at) ? json.at(at) : none;
}

const Json& listAt(const Json& json, const std::string& pointer) {
    static const Json none = Json::array();
    const auto& value = valueAt(json, pointer);
    return value.is_array() ? value : none;
}

std::string textAt(const Json& json, const std::string& pointer) {
    const auto& value = valueAt(json, pointer);
    return value.is_string() ? value.get<std::string>() : std::string();
}

Task<Result<PlannedObject>> plannedObject(Control& control, Caller caller, CommandLine line,
                                          std::vector<std::string_view> kinds) {
    auto named = namedBy(line, kinds);
    if (!named) co_return fail(std::move(named).error());
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster).error());
    auto ns = line.option("namespace").value_or("");
    if (named->kinds.front()->namespaced && ns.empty())
        co_return fail(ErrorCode::InvalidArgument, line.verb + " needs the namespace", {}, "add -n NAMESPACE");
    Result<std::string> body = fail(ErrorCode::NotFound, "there is no such object");
    for (const auto* kind : named->kinds) {
        PlannedObject found;
        auto& plan = found.plan;
        plan.cluster = *cluster;
        plan.ns = kind->namespaced ? ns : std::string();
        plan.kind = kind->kind;
        plan.name = named->name;
        plan.path = plan.evidence = pathOf(*kind, plan.ns) + "/" + percentEncode(plan.name);
        body = co_await control.askCluster(caller, *cluster, plan.path, "application/json");
        if (!body && body.error().code == ErrorCode::NotFound) continue;
        if (!body) co_return fail(std::move(body).error());
        found.json = Json::parse(*body, nullptr, false);
        if (!found.json.is_object() || !valueAt(found.json, "/metadata/uid").is_string())
            co_return fail(ErrorCode::Unavailable, "the API server gave no object", *cluster);
        plan.uid = found.json["metadata"]["uid"].get<std::string>();
        plan.state = stateOf(found.json, {});
        plan.before = std::move(*body);
        found.words = std::move(named->rest);
        co_return found;
    }
    auto place = ns.empty() ? *cluster : *cluster + ", namespace " + ns;
    co_return fail(ErrorCode::NotFound,
                   "there is no " + std::string(named->kinds.front()->kind) + " \"" + named->name + "\" in " + place,
                   {},
                   "`" + std::string(named->kinds.front()->name) + (ns.empty() ? "" : " -n " + ns) + "` lists them");
}

Task<Result<PlannedObject>> plannedCreation(Control& control, Caller caller, CommandLine line, std::string_view kind) {
    std::vector<std::string_view> kinds{kind};
    auto named = namedBy(line, kinds);
    if (!named) co_return fail(std::move(named).error());
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster).error());
    const auto& meant = *named->kinds.front();
    auto ns = meant.namespaced ? line.option("namespace").value_or("") : std::string();
    if (meant.namespaced && ns.empty())
        co_return fail(ErrorCode::InvalidArgument, line.verb + " needs the namespace", {}, "add -n NAMESPACE");
    PlannedObject made;
    auto& plan = made.plan;
    plan.cluster = *cluster;
    plan.ns = std::move(ns);
    plan.kind = meant.kind;
    plan.name = named->name;
    plan.path = plan.evidence = pathOf(meant, plan.ns) + "/" + percentEncode(plan.name);
    plan.request.method = "POST";
    plan.request.path = pathOf(meant, plan.ns);
    auto there = co_await control.askCluster(std::move(caller), *cluster, plan.path, "application/json");
    if (there) co_return fail(ErrorCode::Conflict, "there is a " + plan.title() + " already");
    if (there.error().code != ErrorCode::NotFound) co_return fail(std::move(there).error());
    made.words = std::move(named->rest);
    co_return made;
}

std::string stateOf(const Json& object, const std::vector<std::string>& pointers) {
    const auto& generation = valueAt(object, "/metadata/generation");
    if (generation.is_number_integer()) return std::to_string(generation.get<std::int64_t>());
    auto kind = textAt(object, "/kind");
    if (kind == "Pod") return {};
    if (kind != "Node") return "r" + textAt(object, "/metadata/resourceVersion");
    Json values = Json::array();
    for (const auto& pointer : pointers) values.push_back({pointer, valueAt(object, pointer)});
    constexpr std::size_t enough = 16;
    return "v" + sha256Hex(values.dump(-1, ' ', false, Json::error_handler_t::replace)).substr(0, enough);
}

GuardedPatch::GuardedPatch(const Json& object) : read_(object), object_(object) {
    auto same = [&](const char* pointer) {
        const auto& value = valueAt(object_, pointer);
        if (!value.is_null()) operations_.push_back({{"op", "test"}, {"path", pointer}, {"value", value}});
        return !value.is_null();
    };
    same("/metadata/uid");
    bool counted = same("/metadata/generation");
    if (!counted && textAt(object_, "/kind") != "Node") same("/metadata/resourceVersion");
}

/// Where neither a generation nor the resourceVersion tells that somebody else was faster.
void GuardedPatch::testOldValue(const std::string& pointer) {
    bool counted = !valueAt(read_, "/metadata/generation").is_null();
    if (counted || textAt(read_, "/kind") != "Node") return;
    operations_.push_back({{"op", "test"}, {"path", pointer}, {"value", valueAt(object_, pointer)}});
}

void GuardedPatch::set(const std::string& pointer, Json value) {
    Json::json_pointer at(pointer);
    while (!at.parent_pointer().empty() && !hasRoomFor(object_, at)) {
        value = Json{{at.back(), std::move(value)}};
        at.pop_back();
    }
    pointers_.push_back(at.to_string());
    testOldValue(at.to_string());
    object_[at] = value;
    operations_.push_back({{"op", "add"}, {"path", at.to_string()}, {"value", std::move(value)}});
}

void GuardedPatch::remove(const std::string& pointer) {
    if (!object_.contains(Json::json_pointer(pointer))) return;
    pointers_.push_back(pointer);
    testOldValue(pointer);
    operations_.push_back({{"op", "remove"}, {"path", pointer}});
}

void GuardedPatch::putInto(Plan& plan) const {
    plan.request = {"PATCH", plan.path, "application/json-patch+json", operations_.dump()};
    plan.state = stateOf(read_, pointers_);
}

}  // namespace klaw::operate
