#include "test/unit/storage/fixture.hpp"

#include <cstdlib>
#include <stdexcept>

namespace klaw::storage::testing {

TemporaryDirectory::TemporaryDirectory() {
    auto pattern = (std::filesystem::temp_directory_path() / "klaw-storage-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
    path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Database WithDatabase::open(const OpenOptions& options) {
    return must(Database::open(location(), options));
}

TimePoint at(int seconds) {
    return fromUnixMillis(1'700'000'000'000) + std::chrono::seconds(seconds);
}

rules::Alert firingAlert(const std::string& fingerprint) {
    rules::Alert alert;
    alert.fingerprint = fingerprint;
    alert.rule = "PodCrashLooping";
    alert.cluster = "prod";
    alert.severity = rules::Severity::Critical;
    alert.title.en = "api keeps crashing";
    alert.title.zh = "api 反复崩溃";
    alert.activeAt = at(0);
    alert.firedAt = at(60);
    alert.updatedAt = at(60);
    return alert;
}

rules::Incident openIncident(const std::string& id, std::uint64_t revision) {
    rules::Incident incident;
    incident.id = id;
    incident.group = "PodCrashLooping/prod/web/Deployment/api";
    incident.rule = "PodCrashLooping";
    incident.cluster = "prod";
    incident.firing = 1;
    incident.total = 1;
    incident.openedAt = at(60);
    incident.updatedAt = at(60);
    incident.revision = revision;
    return incident;
}

Delivery cardFor(const std::string& incident, std::uint64_t revision, const std::string& channel) {
    Delivery delivery;
    delivery.id = incident + "/" + std::to_string(revision) + "/" + channel;
    delivery.channel = channel;
    delivery.incidentId = incident;
    delivery.reason = revision == 1 ? "opened" : "grew";
    delivery.idempotencyKey = deliveryKey(incident, revision, channel);
    delivery.payload = R"({"card":1})";
    delivery.createdAt = delivery.notBefore = at(60 + static_cast<int>(revision));
    return delivery;
}

Offer restartOffer(const std::string& nonce, TimePoint expiresAt) {
    Offer offer;
    offer.nonceHash = offerHash(nonce);
    offer.verb = "restart";
    offer.arguments = "{}";
    offer.target = R"({"uid":"u-1","resourceVersion":"7"})";
    offer.createdAt = at(0);
    offer.expiresAt = expiresAt;
    return offer;
}

AuditEntry allowedRestart(const std::string& target) {
    return {at(0), "feishu:ou_1", "restart", "allowed", target, R"({"replicas":3})"};
}

UnitOfWork auditOnly(const std::string& target) {
    UnitOfWork unit;
    unit.audit = {allowedRestart(target)};
    return unit;
}

UnitOfWork transition(int i) {
    auto id = std::to_string(i);
    UnitOfWork unit;
    unit.alerts = {firingAlert("f" + id)};
    unit.incidents = {openIncident("i" + id)};
    unit.newDeliveries = {cardFor("i" + id, 1)};
    unit.audit = {allowedRestart("i" + id)};
    return unit;
}

UnitOfWork startOf(const std::string& deliveryId, TimePoint when, const std::string& batchId) {
    UnitOfWork unit;
    unit.deliveryStarts = {{deliveryId, batchId, when}};
    return unit;
}

UnitOfWork resultOf(const std::string& deliveryId, AttemptOutcome outcome, TimePoint when,
                    const std::string& platformRef) {
    DeliveryResult result;
    result.deliveryId = deliveryId;
    result.outcome = outcome;
    result.latency = 120ms;
    result.code = outcome == AttemptOutcome::Delivered ? "200" : "200/130101";
    result.text = outcome == AttemptOutcome::Delivered ? "" : "send too fast";
    result.platformRef = platformRef;
    result.at = when;
    result.notBefore = when + 30s;
    UnitOfWork unit;
    unit.deliveryResults = {result};
    return unit;
}

Result<Committed> commit(Writer& writer, UnitOfWork unit) {
    std::promise<Result<Committed>> outcome;
    writer.submit(std::move(unit), [&](Result<Committed> result) { outcome.set_value(std::move(result)); });
    return outcome.get_future().get();
}

Result<PruneReport> prune(Writer& writer, TimePoint now, const RetentionLimits& limits) {
    std::promise<Result<PruneReport>> outcome;
    writer.prune(now, limits, [&](Result<PruneReport> result) { outcome.set_value(std::move(result)); });
    return outcome.get_future().get();
}

}  // namespace klaw::storage::testing
