#include "agent/lead/lease.hpp"

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <tuple>

namespace klaw::lead {
namespace {

using nlohmann::json;

std::string textOf(const json& spec, const char* key) {
    auto found = spec.find(key);
    return found != spec.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t numberOf(const json& spec, const char* key) {
    auto found = spec.find(key);
    return found != spec.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

void putTime(json& spec, const char* key, const std::string& time) {
    if (time.empty())
        spec.erase(key);
    else
        spec[key] = time;
}

}  // namespace

bool Lease::sameRecord(const Lease& other) const {
    return std::tie(holder, seconds, acquireTime, renewTime, transitions) ==
           std::tie(other.holder, other.seconds, other.acquireTime, other.renewTime, other.transitions);
}

Result<Lease> leaseFromJson(const std::string& body) {
    auto document = json::parse(body, nullptr, false);
    if (!document.is_object() || document.value("kind", "") != "Lease" || !document.contains("metadata") ||
        !document["metadata"].is_object())
        return fail(ErrorCode::DataLoss, "the answer is no Lease");
    auto spec = document.value("spec", json::object());
    if (!spec.is_object()) return fail(ErrorCode::DataLoss, "the Lease has no readable spec");
    Lease lease;
    lease.holder = textOf(spec, "holderIdentity");
    lease.seconds = numberOf(spec, "leaseDurationSeconds");
    lease.acquireTime = textOf(spec, "acquireTime");
    lease.renewTime = textOf(spec, "renewTime");
    lease.transitions = numberOf(spec, "leaseTransitions");
    lease.resourceVersion = textOf(document["metadata"], "resourceVersion");
    lease.document = body;
    return lease;
}

std::string toJson(const Lease& lease, const std::string& ns, const std::string& name) {
    auto document = lease.document.empty() ? json::object() : json::parse(lease.document, nullptr, false);
    if (!document.is_object()) document = json::object();
    document["apiVersion"] = "coordination.k8s.io/v1";
    document["kind"] = "Lease";
    auto& metadata = document["metadata"];
    metadata["namespace"] = ns;
    metadata["name"] = name;
    if (!lease.resourceVersion.empty()) metadata["resourceVersion"] = lease.resourceVersion;
    auto& spec = document["spec"];
    spec["holderIdentity"] = lease.holder;
    spec["leaseDurationSeconds"] = lease.seconds;
    spec["leaseTransitions"] = lease.transitions;
    putTime(spec, "acquireTime", lease.acquireTime);
    putTime(spec, "renewTime", lease.renewTime);
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string formatMicroTime(TimePoint time) {
    auto micros = std::chrono::floor<std::chrono::microseconds>(time);
    auto seconds = std::chrono::floor<std::chrono::seconds>(micros);
    auto count = std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(seconds));
    std::tm parts{};
    gmtime_r(&count, &parts);
    std::array<char, 40> text{};
    auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    auto fraction = std::to_string(1'000'000 + (micros - seconds).count()).substr(1);
    return std::string(text.data(), length) + "." + fraction + "Z";
}

}  // namespace klaw::lead
