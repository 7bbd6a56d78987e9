// What people ask of a running agent: commands, presses of buttons, and the page.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/access/access.hpp"
#include "agent/app/agent_run.hpp"
#include "agent/app/version.hpp"
#include "agent/deliver/card_builder.hpp"
#include "agent/scrape/alertmanager_payload.hpp"
#include "notifiers/safe_text.hpp"
#include "notifiers/webhook/render.hpp"

namespace klaw::app {
namespace {

constexpr Duration offerLifetime = 10min;

/// A command that is understood: its verb and words.
struct Understood {
    const operate::Verb* verb = nullptr;
    operate::CommandLine line;
    bool changes() const { return verb->changes && verb->changes(line); }
};

Result<Understood> understand(const std::string& command) {
    auto line = operate::parseCommandLine(command);
    if (!line) return fail(std::move(line).error());
    const auto* verb = operate::findVerb(line->verb);
    if (verb) return Understood{verb, std::move(*line)};
    auto near = operate::nearestVerb(line->verb);
    std::string remedy = near.empty() ? "there are" : "did you mean `" + std::string(near) + "`? There are";
    for (const auto& each : operate::catalogue())
        remedy += (&each == &operate::catalogue().front() ? " " : ", ") + std::string(each.name);
    return fail(ErrorCode::NotFound, "there is no command \"" + line->verb + "\"", {}, remedy);
}

std::string sentence(const Error& error) {
    return error.describe() + "\n";
}

}  // namespace

storage::AuditEntry AgentRun::auditOf(const std::string& identity, const std::string& verb, const std::string& decision,
                                      const std::string& command) const {
    auto detail = nlohmann::json{{"command", command}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return {clock_.now(), identity, verb, decision, {}, detail};
}

Task<serve::ConsoleBackend::Answer> AgentRun::execute(std::string identity, std::string command, std::string language,
                                                      std::string attachment) {
    auto understood = understand(command);
    if (!understood) co_return Answer{false, sentence(understood.error())};
    understood->line.attachment = std::move(attachment);
    std::string verb(understood->verb->name);
    operate::Caller caller{identity, language.empty() ? setup_.config.language : language};
    auto decision = access::decide({identity, verb, command, understood->changes()});
    if (!decision.allowed) {
        std::vector<storage::AuditEntry> audit(1, auditOf(identity, verb, "denied", command));
        co_await flushed(std::move(audit));
        co_return Answer{false, decision.reason + "\n"};
    }
    auto outcome = understood->verb->run(*control_, caller, understood->line);
    if (understood->changes()) {
        std::string result = outcome ? "done" : "failed";
        std::vector<storage::AuditEntry> audit(1, auditOf(identity, verb, result, command));
        auto stored = co_await flushed(std::move(audit));
        if (outcome && !stored) co_return Answer{false, sentence(stored.error())};
    }
    if (!outcome) co_return Answer{false, sentence(outcome.error())};
    co_return Answer{true, std::move(*outcome)};
}

Task<Result<serve::ConsoleBackend::Offered>> AgentRun::offer(std::string identity, std::string command,
                                                             std::string language) {
    auto understood = understand(command);
    if (!understood) co_return fail(std::move(understood).error());
    if (!understood->changes() || !understood->verb->preview)
        co_return fail(ErrorCode::InvalidArgument, "this command has no button");
    operate::Caller caller{identity, language.empty() ? setup_.config.language : language};
    auto preview = understood->verb->preview(*control_, caller, understood->line);
    if (!preview) co_return fail(std::move(preview).error());
    Offered offered{random_.token(18), std::move(*preview)};
    storage::UnitOfWork unit;
    storage::Offer offer;
    offer.nonceHash = storage::offerHash(offered.nonce);
    offer.verb = understood->verb->name;
    offer.arguments = command;
    offer.createdAt = clock_.now();
    offer.expiresAt = clock_.now() + offerLifetime;
    unit.offers.push_back(std::move(offer));
    auto stored = co_await deliver::committed(commitThroughGate(), loop_, std::move(unit));
    if (!stored) co_return fail(std::move(stored).error());
    co_return offered;
}

Task<serve::ConsoleBackend::Answer> AgentRun::press(std::string identity, std::string nonce, std::string language) {
    struct Wait {
        explicit Wait(Loop& loop) : condition(loop) {}
        std::optional<Result<storage::Offer>> result;
        LoopCondition condition;
    };
    auto wait = std::make_shared<Wait>(loop_);
    writer_->takeOffer(nonce, identity, clock_.now(), [this, wait](Result<storage::Offer> result) {
        loop_.post([wait, result = std::move(result)] {
            wait->result = result;
            wait->condition.notify();
        });
    });
    auto taken = [wait] { return wait->result.has_value(); };
    co_await wait->condition.until(taken);
    if (!*wait->result) {
        std::vector<storage::AuditEntry> audit(1,
                                               auditOf(identity, "press", "denied", (*wait->result).error().message));
        co_await flushed(std::move(audit));
        co_return Answer{false, sentence((*wait->result).error())};
    }
    co_return co_await execute(identity, (**wait->result).arguments, std::move(language), std::string());
}

Task<Result<void>> AgentRun::receiveAlerts(std::string body, std::string cluster) {
    if (cluster.empty() && !clusters_.empty()) cluster = clusters_.front()->name();
    auto alerts = scrape::readAlertmanagerPayload(body, cluster);
    if (!alerts) co_return fail(std::move(alerts).error());
    pipeline_->receive(std::move(*alerts), clock_.now());
    std::vector<storage::AuditEntry> none;
    auto stored = co_await flushed(std::move(none));
    if (!stored) co_return stored;
    auto reason = writer_->degradedReason();
    if (reason) co_return fail(*reason);
    if (!storageTrouble_.empty()) co_return fail(ErrorCode::Unavailable, storageTrouble_);
    co_return Result<void>();
}

std::string AgentRun::stateJson() {
    using Json = nlohmann::ordered_json;
    deliver::CardStyle style{setup_.config.language, setup_.config.utcOffsetMinutes, consoleUrl_};
    auto cardOf = [&](const rules::Incident& incident) {
        auto event =
            notifiers::webhook::renderEvent("card", notifiers::SafeCard(deliver::buildCard(incident, style)), {});
        return Json::parse(event, nullptr, false)["card"];
    };
    std::vector<const rules::Incident*> open;
    pipeline_->incidents().forEach([&](const rules::Incident& incident) { open.push_back(&incident); });
    std::sort(open.begin(), open.end(), [](const auto* a, const auto* b) {
        return std::pair(b->openedAt, a->id) < std::pair(a->openedAt, b->id);
    });
    Json state{{"version", stateVersion_},
               {"program", programVersion},
               {"language", setup_.config.language},
               {"now", formatRfc3339(clock_.now())}};
    state["cards"] = Json::array();
    for (const auto* incident : open) state["cards"].push_back(cardOf(*incident));
    state["lately"] = Json::array();
    for (const auto& incident : lately_) state["lately"].push_back(cardOf(incident));
    state["clusters"] = Json::array();
    for (const auto& cluster : clusters_) {
        auto view = cluster->view();
        state["clusters"].push_back({{"name", view.name},
                                     {"server", view.server},
                                     {"version", view.version},
                                     {"ready", view.ready},
                                     {"objects", view.objects},
                                     {"problems", view.problems}});
    }
    state["channels"] = Json::array();
    for (const auto& channel : courier_->status())
        state["channels"].push_back({{"name", channel.name},
                                     {"kind", channel.kind},
                                     {"queued", channel.queued},
                                     {"delivered", channel.delivered},
                                     {"refused", channel.refused},
                                     {"lastError", channel.lastError}});
    state["warnings"] = Json::array();
    if (!storageTrouble_.empty()) state["warnings"].push_back(storageTrouble_);
    if (!reloadTrouble_.empty()) state["warnings"].push_back("the last reload was refused: " + reloadTrouble_);
    if (auto reason = writer_->degradedReason()) state["warnings"].push_back("storage: " + reason->describe());
    for (const auto& mirror : silenceMirrors_->status())
        if (!mirror.lastError.empty())
            state["warnings"].push_back("silences at Alertmanager " + mirror.alertmanager + ": " + mirror.lastError);
    for (const auto& cluster : clusters_)
        if (cluster->access().insecureSkipVerify)
            state["warnings"].push_back("cluster " + cluster->name() +
                                        ": TLS verification is turned off in the kubeconfig");
    return state.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace klaw::app
