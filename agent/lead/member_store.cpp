#include "agent/lead/member_store.hpp"

#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/percent.hpp"

namespace klaw::lead {
namespace {

using nlohmann::json;

constexpr const char* electionLabel = "klaw.dev/member-of";
constexpr const char* addressAnnotation = "klaw.dev/address";
constexpr const char* servingAnnotation = "klaw.dev/serving";
constexpr const char* proofAnnotation = "klaw.dev/proof";

std::string annotationOf(const json& metadata, const char* key) {
    auto annotations = metadata.find("annotations");
    if (annotations == metadata.end() || !annotations->is_object()) return {};
    auto found = annotations->find(key);
    return found != annotations->end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<MemberRecord> recordOf(const json& item) {
    auto lease = leaseFromJson(item.dump());
    if (!lease) return fail(std::move(lease).error());
    const auto& metadata = item["metadata"];
    MemberRecord record;
    record.name = metadata.value("name", "");
    record.address = annotationOf(metadata, addressAnnotation);
    record.serving = annotationOf(metadata, servingAnnotation) == "true";
    record.lease = std::move(*lease);
    return record;
}

}  // namespace

std::string ClusterMembers::collection() const {
    return "/apis/coordination.k8s.io/v1/namespaces/" + percentEncode(ns_) + "/leases";
}

/// Of who it is and where it is reached; a line break is in none of them.
std::string ClusterMembers::proofOf(const MemberRecord& record) const {
    return hexEncode(hmacSha256(token_, record.name + "\n" + record.lease.holder + "\n" + record.address));
}

Task<Result<std::vector<MemberRecord>>> ClusterMembers::list(Duration timeout) {
    auto path = collection() + "?labelSelector=" + percentEncode(std::string(electionLabel) + "=" + election_);
    auto answer = co_await server_->get(std::move(path), timeout);
    if (!answer) co_return fail(std::move(answer).error());
    auto document = json::parse(answer->body, nullptr, false);
    if (!document.is_object() || !document.contains("items") || !document["items"].is_array())
        co_return fail(ErrorCode::DataLoss, "the answer is no list of Leases");
    std::vector<MemberRecord> records;
    for (auto& item : document["items"]) {
        if (!item.is_object()) co_return fail(ErrorCode::DataLoss, "the list of Leases holds something else");
        item["kind"] = "Lease";  // the API server leaves it out in a list
        auto record = recordOf(item);
        if (!record) co_return fail(std::move(record).error());
        record->proved = equalInConstantTime(annotationOf(item["metadata"], proofAnnotation), proofOf(*record));
        records.push_back(std::move(*record));
    }
    co_return records;
}

Task<Result<void>> ClusterMembers::put(MemberRecord record, Duration timeout) {
    auto document = json::parse(record.lease.document, nullptr, false);
    if (!document.is_object()) document = json::object();
    document["metadata"]["labels"][electionLabel] = election_;
    document["metadata"]["annotations"][addressAnnotation] = record.address;
    document["metadata"]["annotations"][servingAnnotation] = record.serving ? "true" : "false";
    document["metadata"]["annotations"][proofAnnotation] = proofOf(record);
    record.lease.document = document.dump(-1, ' ', false, json::error_handler_t::replace);
    bool isNew = record.lease.resourceVersion.empty();
    auto path = isNew ? collection() : collection() + "/" + percentEncode(record.name);
    auto method = std::string(isNew ? "POST" : "PUT");
    auto body = toJson(record.lease, ns_, record.name);
    auto answer = co_await server_->writeLease(std::move(method), std::move(path), std::move(body), timeout);
    if (!answer) co_return fail(std::move(answer).error());
    co_return Result<void>();
}

Task<Result<void>> ClusterMembers::remove(std::string name, Duration timeout) {
    auto path = collection() + "/" + percentEncode(name);
    auto method = std::string("DELETE");
    auto body = std::string();
    auto answer = co_await server_->writeLease(std::move(method), std::move(path), std::move(body), timeout);
    if (!answer) co_return fail(std::move(answer).error());
    co_return Result<void>();
}

}  // namespace klaw::lead
