#include "agent/operate/security_reading.hpp"

#include <fmt/format.h>

#include "agent/operate/server_table.hpp"
#include "base/percent.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::operate {
namespace {

using security::Auditor;
using security::Json;
using security::ObjectKind;

constexpr auto asJson = "application/json",
               asMetadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
/// Small pages: each is parsed at once, while nothing else runs. Of these an object may have a megabyte.
constexpr std::size_t perPage = 100, perLargePage = 10, mostObjects = 200'000;
/// Looked at before others have their turn.
constexpr std::size_t atOnce = 10;

/// One list that is read to its end.
struct Listing {
    const ObjectKind* kind = nullptr;
    std::string path;   ///< without a query
    std::string query;  ///< beside the page
    const char* accept = asJson;
    std::size_t perPage = operate::perPage;
    /// The objects of a page, as they are to be looked at.
    std::vector<Json> (*objectsOf)(Json page) = nullptr;
};

std::vector<Json> itemsOf(Json page) {
    std::vector<Json> objects;
    auto items = page.find("items");
    if (items != page.end() && items->is_array())
        for (auto& item : *items) objects.push_back(std::move(item));
    return objects;
}

/// Of a table, which has no values: names and types.
std::vector<Json> secretRowsOf(Json page) {
    std::vector<Json> objects;
    std::size_t type = 0, number = 0;
    for (const auto& column : at(page, "columnDefinitions")) {
        if (textAt(column, "name") == "Type") type = number;
        ++number;
    }
    for (const auto& row : at(page, "rows")) {
        const auto& cells = at(row, "cells");
        Json secret{{"metadata", at(at(row, "object"), "metadata")}};
        if (cells.is_array() && type < cells.size()) secret["type"] = cells[type];
        objects.push_back(std::move(secret));
    }
    return objects;
}

/// The certificate is public; the key beside it is not looked at.
std::vector<Json> certificatesOf(Json page) {
    std::vector<Json> objects;
    for (const auto& item : at(page, "items")) {
        Json secret{{"metadata", at(item, "metadata")}, {"type", at(item, "type")}};
        secret["data"]["tls.crt"] = at(at(item, "data"), "tls.crt");
        objects.push_back(std::move(secret));
    }
    return objects;
}

std::string pathOf(const ObjectKind& kind, const std::string& ns) {
    auto in = kind.namespaced && !ns.empty() ? "/namespaces/" + percentEncode(ns) : std::string();
    return std::string(kind.api) + in + "/" + std::string(kind.resource);
}

/// What cannot be read, or not to its end, is noted.
Task<void> readList(Control& control, Caller caller, std::string cluster, Listing listing, Auditor& auditor) {
    std::string next;
    std::string resource(listing.kind->resource);
    std::size_t read = 0;
    for (std::size_t page = 0; read < mostObjects; ++page) {
        auto path = fmt::format("{}?limit={}{}", listing.path, listing.perPage, listing.query);
        if (!next.empty()) path += "&continue=" + percentEncode(next);
        auto answer = co_await control.askCluster(caller, cluster, path, listing.accept);
        if (!answer) {
            auditor.setUnread(resource, (page == 0 ? "" : "only in part: ") + answer.error().describe());
            co_return;
        }
        auto json = parsedJson<Json>(*answer);
        if (!json.is_object()) {
            auditor.setUnread(resource, "the API server's answer is no list");
            co_return;
        }
        next = textAt(at(json, "metadata"), "continue");
        auto objects = listing.objectsOf(std::move(json));
        for (const auto& object : objects) {
            auditor.add(*listing.kind, object);
            if (++read % atOnce == 0) co_await control.sleepFor({});
        }
        if (next.empty()) co_return;
    }
    auditor.setUnread(resource, fmt::format("only the first {} were read", read));
}

/// For one namespace those of all where they may be read: roles are given from anywhere.
Task<void> readBindings(Control& control, Caller caller, std::string cluster, Listing ofNamespace, Auditor& auditor) {
    Listing ofAll = ofNamespace;
    ofAll.path = pathOf(*ofNamespace.kind, {});
    auto first = co_await control.askCluster(caller, cluster, ofAll.path + "?limit=1", asMetadata);
    if (first) co_return co_await readList(control, std::move(caller), std::move(cluster), std::move(ofAll), auditor);
    auditor.setBindingsElsewhereUnread();
    co_await readList(control, std::move(caller), std::move(cluster), std::move(ofNamespace), auditor);
}

/// An Error where there is no such namespace.
Task<Result<void>> readNamespace(Control& control, Caller caller, std::string cluster, const ObjectKind& kind,
                                 std::string ns, Auditor& auditor) {
    auto path = pathOf(kind, "") + "/" + percentEncode(ns);
    auto answer = co_await control.askCluster(std::move(caller), std::move(cluster), std::move(path), asJson);
    if (answer) {
        auditor.add(kind, parsedJson<Json>(*answer));
        co_return Result<void>();
    }
    if (answer.error().code == ErrorCode::NotFound) co_return fail(std::move(answer).error());
    auditor.setUnread(std::string(kind.resource), answer.error().describe());
    co_return Result<void>();
}

/// An Error only where nobody answers: what is read next would not come either.
Task<Result<void>> readServer(Control& control, Caller caller, std::string cluster, Auditor& auditor) {
    std::vector<Question> questions(1);
    questions.front().cluster = std::move(cluster);
    questions.front().path = "/version";
    auto answers = co_await control.askClusters(std::move(caller), std::move(questions));
    auto& answer = answers.front();
    if (answer) {
        auditor.setServer(textAt(parsedJson<Json>(answer->text), "gitVersion"), answer->certificateEnds);
        co_return Result<void>();
    }
    auto code = answer.error().code;
    bool silent = code == ErrorCode::Unavailable || code == ErrorCode::DeadlineExceeded || code == ErrorCode::NotFound;
    if (silent) co_return fail(std::move(answer).error());
    auditor.setUnread("version", answer.error().describe());
    co_return Result<void>();
}

/// Of one namespace those that are in it, and the roles that others of the cluster have in it.
bool isPartOf(const ObjectKind& kind, const std::string& ns) {
    return ns.empty() || kind.namespaced || kind.kind == "ClusterRole" || kind.kind == "ClusterRoleBinding";
}

}  // namespace

Task<Result<security::Findings>> readFindings(Control& control, Caller caller, std::string cluster, std::string ns) {
    Auditor auditor(control.now(), control.auditTerms().settings, ns);
    auto server = co_await readServer(control, caller, cluster, auditor);
    if (!server) co_return fail(std::move(server).error());
    for (const auto& kind : security::auditedKinds()) {
        if (kind.kind == "Namespace" && !ns.empty()) {
            auto there = co_await readNamespace(control, caller, cluster, kind, ns, auditor);
            if (!there) co_return fail(std::move(there).error());
            continue;
        }
        if (!isPartOf(kind, ns)) continue;
        Listing listing;
        listing.kind = &kind;
        listing.path = pathOf(kind, ns);
        listing.objectsOf = itemsOf;
        if (kind.kind == "ConfigMap") listing.perPage = perLargePage;
        if (kind.kind == "ReplicaSet") listing.accept = asMetadata;  // their Deployments have what is in them
        if (kind.kind == "RoleBinding" && !ns.empty()) {
            co_await readBindings(control, caller, cluster, std::move(listing), auditor);
            continue;
        }
        if (kind.kind != "Secret") {
            co_await readList(control, caller, cluster, std::move(listing), auditor);
            continue;
        }
        listing.accept = asTable;
        listing.objectsOf = secretRowsOf;
        co_await readList(control, caller, cluster, listing, auditor);
        listing.accept = asJson;
        listing.query = "&fieldSelector=" + percentEncode("type=kubernetes.io/tls");
        listing.objectsOf = certificatesOf;
        co_await readList(control, caller, cluster, std::move(listing), auditor);
    }
    while (auditor.judgeNext()) co_await control.sleepFor({});
    co_return auditor.finish();
}

}  // namespace klaw::operate
