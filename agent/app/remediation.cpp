#include "agent/app/remediation.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/deliver/action_buttons.hpp"

namespace klaw::app {
namespace {

constexpr Duration lookEvery = 5s;
constexpr Duration budgetWindow = 1h;
/// How long nothing is tried after too many failures.
constexpr Duration pauseAfterFailures = 1h;
constexpr std::size_t mostRows = 500;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

bool isMeant(const RemedyConfig& remedy, const rules::Incident& incident) {
    auto fits = [](const std::vector<std::string>& patterns, std::string_view text) {
        return patterns.empty() || access::matchesAny(patterns, text);
    };
    bool inNamespace = remedy.namespaces.empty() ||
                       (!incident.owner.ns.empty() && access::matchesAny(remedy.namespaces, incident.owner.ns));
    return incident.rule == remedy.alert && fits(remedy.clusters, incident.cluster) && inNamespace;
}

/// Nobody looks after it yet.
bool isLeftAlone(const rules::Incident& incident) {
    return incident.firing > 0 && !incident.resolvedAt && !rules::isQuiet(incident) && !incident.acknowledged &&
           incident.actions.empty();
}

/// What is done and then followed has another row for its end.
bool hasEnd(const storage::AuditRow& row) {
    static constexpr std::string_view rollouts[] = {"restart", "rollback", "resume"};
    bool followed = std::ranges::find(rollouts, row.entry.action) != std::end(rollouts);
    return !(row.entry.decision == "done" && followed);
}

}  // namespace

Remediation::Remediation(Loop& loop, LoopClock& clock, const operate::Control& control, CommandDesk& commands,
                         Record record)
    : clock_(clock), control_(control), commands_(commands), record_(std::move(record)), tasks_(loop, reportFailure) {}

void Remediation::follow(const RemediationConfig& config, std::string language) {
    config_ = config;
    language_ = std::move(language);
    if (config_.remedies.empty() || watches_) return;
    watches_ = tasks_.spawn("remediation", watch());
}

void Remediation::addAccess(const RemediationConfig& config, std::vector<access::Role>& roles,
                            std::vector<access::Binding>& bindings) {
    if (config.remedies.empty()) return;
    access::Role role;
    role.name = "remedies of the configuration";
    for (const auto& remedy : config.remedies)
        role.rules.push_back({{"read", remedy.action}, remedy.clusters, remedy.namespaces, {}, {}});
    access::Binding binding;
    binding.identities = {std::string(identity)};
    binding.role = role.name;
    roles.push_back(std::move(role));
    bindings.push_back(std::move(binding));
}

void Remediation::forgetClosed() {
    std::set<std::string> open;
    control_.forEachIncident([&](const rules::Incident& incident) { open.insert(incident.id); });
    auto isClosed = [&](const std::string& id) { return !open.contains(id); };
    std::erase_if(tried_, isClosed);
    std::erase_if(told_, isClosed);
}

std::vector<Remediation::Due> Remediation::allDue() const {
    std::vector<Due> all;
    auto now = clock_.now();
    control_.forEachIncident([&](const rules::Incident& incident) {
        if (!isLeftAlone(incident) || tried_.contains(incident.id)) return;
        for (const auto& remedy : config_.remedies) {
            if (!isMeant(remedy, incident) || incident.openedAt + remedy.after > now) continue;
            auto command = deliver::actionCommand(incident, remedy.action);
            if (command.empty()) continue;
            const auto& owner = incident.owner;
            all.push_back(
                {incident.id, remedy.action, std::move(command),
                 incident.cluster + (owner.ns.empty() ? "" : "/" + owner.ns) + "/" + owner.kind + "/" + owner.name});
            return;
        }
    });
    return all;
}

/// By the audit log, so that it holds over restarts.
Result<void> Remediation::withinBudget() const {
    storage::AuditFilter filter;
    filter.actor = identity;
    filter.since = clock_.now() - 24h;
    filter.limit = mostRows;
    auto rows = control_.audit(filter);
    if (!rows) return fail(std::move(rows).error());
    std::int64_t made = 0, failures = 0;
    std::optional<TimePoint> lastFailure;
    bool inARow = true;
    for (const auto& row : *rows) {
        const auto& decision = row.entry.decision;
        made += decision == "allowed" && row.entry.at > clock_.now() - budgetWindow;
        bool failed = decision == "failed" || decision == "unknown" || decision == "refused";
        bool succeeded = decision == "completed" || (decision == "done" && hasEnd(row));
        inARow = inARow && !succeeded;
        if (!inARow || !failed) continue;
        ++failures;
        if (!lastFailure) lastFailure = row.entry.at;
    }
    if (failures >= config_.failures && clock_.now() < *lastFailure + pauseAfterFailures)
        return fail(ErrorCode::ResourceExhausted,
                    "the last " + std::to_string(failures) + " remedies failed: none is tried until " +
                        formatRfc3339(std::chrono::floor<std::chrono::seconds>(*lastFailure + pauseAfterFailures)));
    if (made >= config_.perHour)
        return fail(ErrorCode::ResourceExhausted,
                    "the budget of " + std::to_string(config_.perHour) + " remedies an hour is used up");
    return {};
}

Task<void> Remediation::tellOnce(const Due& due, std::string why) {
    if (!told_.insert(due.incident).second) co_return;
    spdlog::warn("no {} of {}: {}", due.action, due.target, why);
    nlohmann::json detail{{"command", due.command}, {"name", "Klaw"}, {"result", why}};
    storage::UnitOfWork unit;
    unit.audit.push_back({clock_.now(), std::string(identity), due.action, "limited", due.target,
                          detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
    co_await record_(std::move(unit));
}

Task<void> Remediation::watch() {
    for (;;) {
        co_await clock_.sleepFor(lookEvery);
        forgetClosed();
        auto all = allDue();
        if (all.empty()) continue;
        if (auto within = withinBudget(); !within) {
            for (const auto& each : all) co_await tellOnce(each, within.error().message);
            continue;
        }
        auto due = std::move(all.front());  // one after the other
        tried_.insert(due.incident);
        Asked asked;
        asked.caller.identity = identity;
        asked.caller.name = "Klaw";
        asked.caller.language = language_;
        asked.command = due.command + " --yes";
        asked.offered = true;
        auto answer = co_await commands_.execute(std::move(asked));
        if (answer.ok)
            spdlog::info("remedy for {}: {}", due.target, answer.text);
        else
            spdlog::warn("remedy for {} failed: {}", due.target, answer.text);
    }
}

}  // namespace klaw::app
