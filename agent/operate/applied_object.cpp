#include "agent/operate/applied_object.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/api_kind.hpp"
#include "agent/operate/data_words.hpp"
#include "agent/operate/plan_outcome.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

/// Who may change what others may do must be allowed just that.
std::string permissionFor(const std::string& apiVersion, const std::string& kind, const ApiKind& served) {
    if (apiVersion.starts_with("rbac.authorization.k8s.io/")) return "access";
    if (kind == "Namespace") return "namespaces";
    return served.namespaced ? "workloads" : "nodes";
}

/// A namespace only by somebody who says its name again.
bool canBeDeleted(const std::string& kind) {
    return std::ranges::any_of(deletableKinds(), [&](std::string_view name) {
        return name != "namespaces" && findResourceKind(name)->kind == kind;
    });
}

tl::unexpected<Error> inDocument(Error error, const YamlDocument& document) {
    error.place = "YAML:" + std::to_string(document.line);
    return fail(std::move(error));
}

Result<std::string> namespaceOf(const Json& object, const CommandLine& line) {
    auto own = textAt(object, "/metadata/namespace"), asked = line.option("namespace").value_or("");
    if (!own.empty() && !asked.empty() && own != asked)
        return fail(ErrorCode::InvalidArgument, "it is of the namespace " + own + ", the command of " + asked, {},
                    "leave out one of them");
    if (own.empty() && asked.empty())
        return fail(ErrorCode::InvalidArgument, "it names no namespace", {}, "add -n NAMESPACE, or metadata.namespace");
    return own.empty() ? asked : own;
}

/// What the cluster would say of another value has that value in it.
Result<void> checkSecret(const Json& object) {
    for (const char* of : {"data", "stringData"}) {
        const auto& values = valueAt(object, pointerTo("", of));
        if (!values.is_null() && !values.is_object())
            return fail(ErrorCode::InvalidArgument, std::string(of) + " of a Secret is no list of keys with values", {},
                        "write KEY: VALUE in lines of their own");
        for (const auto& [key, value] : values.items())
            if (!value.is_string())
                return fail(ErrorCode::InvalidArgument, std::string(of) + "." + key + " of a Secret is no text", {},
                            "write its value in quotes");
    }
    return {};
}

/// One object, as it would be applied.
Task<Result<Plan>> appliedObject(Control& control, Caller caller, std::string cluster, CommandLine line, Json object) {
    auto apiVersion = textAt(object, "/apiVersion"), kind = textAt(object, "/kind"),
         name = textAt(object, "/metadata/name");
    if (kind.ends_with("List") && valueAt(object, "/items").is_array())
        co_return fail(ErrorCode::InvalidArgument, "lists are not applied", {},
                       "write its items as documents between lines of ---");
    if (!isName(name, "-._:"))
        co_return fail(ErrorCode::InvalidArgument, "an object without a proper metadata.name", {},
                       "apply needs a name; generateName makes another object each time");
    if (kind == "Secret" && apiVersion == "v1")
        if (auto fine = checkSecret(object); !fine) co_return fail(std::move(fine).error());
    auto served = co_await apiKindOf(control, caller, cluster, apiVersion, kind);
    if (!served) co_return fail(std::move(served).error());
    auto ns = served->namespaced ? namespaceOf(object, line) : Result<std::string>();
    if (!ns) co_return fail(std::move(ns).error());
    Plan plan;
    plan.cluster = cluster;
    plan.ns = *ns;
    plan.kind = kind;
    plan.name = name;
    plan.path = plan.evidence = served->pathIn(apiVersion, plan.ns) + "/" + percentEncode(name);
    plan.permission = permissionFor(apiVersion, kind, *served);
    auto there = co_await control.askCluster(caller, cluster, plan.path, "application/json");
    if (!there && there.error().code != ErrorCode::NotFound) co_return fail(std::move(there).error());
    for (const char* own : {"managedFields", "resourceVersion", "uid"}) object["metadata"].erase(own);
    object.erase("status");
    auto now = there ? Json::parse(*there, nullptr, false) : Json();
    if (there) {
        plan.uid = textAt(now, "/metadata/uid");
        if (plan.uid.empty()) co_return fail(ErrorCode::Unavailable, "the API server gave no object", cluster);
        plan.state = stateOf(now, {});
        plan.before = std::move(*there);
        plan.appliedBefore = appliedAt(now);
        object["metadata"]["uid"] = plan.uid;
    } else {
        plan.wanted = object.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    auto path = plan.path + (line.option("force-conflicts") ? "?force=true" : "");
    plan.request = {"PATCH", std::move(path), applyType, object.dump(-1, ' ', false, Json::error_handler_t::replace)};
    bool chinese = caller.chinese();
    plan.summary = fmt::format(
        fmt::runtime(!there ? (chinese ? "创建 {}" : "create {}") : (chinese ? "应用 {}" : "apply {}")), plan.title());
    if (!there && canBeDeleted(kind)) plan.undo = "delete " + plan.address();
    co_return plan;
}

}  // namespace

Task<Result<std::vector<Plan>>> appliedObjects(Control& control, Caller caller, std::string cluster, CommandLine line,
                                               std::vector<YamlDocument> documents) {
    std::vector<Plan> parts;
    for (const auto& document : documents) {
        auto plan = co_await appliedObject(control, caller, cluster, line, document.object);
        if (!plan) co_return inDocument(std::move(plan).error(), document);
        bool twice = std::ranges::find(parts, plan->path, &Plan::path) != parts.end();
        if (twice) {
            Error error(ErrorCode::InvalidArgument, plan->title() + " is there twice");
            co_return inDocument(std::move(error), document);
        }
        parts.push_back(std::move(*plan));
    }
    co_return parts;
}

}  // namespace klaw::operate
