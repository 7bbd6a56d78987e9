// What people ask of a running agent: commands, presses of buttons, and the page.
#include <nlohmann/json.hpp>

#include "agent/app/agent_run.hpp"
#include "agent/app/version.hpp"
#include "agent/deliver/card_builder.hpp"
#include "agent/scrape/alertmanager_payload.hpp"
#include "notifiers/safe_text.hpp"
#include "notifiers/webhook/render.hpp"

namespace klaw::app {

operate::Caller AgentRun::callerOf(std::string identity, const std::string& language) const {
    operate::Caller caller;
    caller.identity = std::move(identity);
    caller.language = language.empty() ? setup_.config.language : language;
    return caller;
}

Task<serve::ConsoleBackend::Answer> AgentRun::execute(std::string identity, std::string command, std::string language,
                                                      std::string attachment) {
    Asked asked;
    asked.caller = callerOf(std::move(identity), language);
    asked.command = std::move(command);
    asked.attachment = std::move(attachment);
    bool chinese = asked.caller.chinese();
    auto answered = co_await commands_->execute(std::move(asked));
    if (!answered.confirm.empty())
        answered.text +=
            (chinese ? "尚未执行。确认执行：" : "Nothing was done yet. To do it: ") + answered.confirm + "\n";
    co_return Answer{answered.ok, std::move(answered.text)};
}

Task<Result<serve::ConsoleBackend::Offered>> AgentRun::offer(std::string identity, std::string command,
                                                             std::string language) {
    auto caller = callerOf(std::move(identity), language);
    co_return co_await commands_->offer(std::move(caller), std::move(command));
}

Task<serve::ConsoleBackend::Answer> AgentRun::press(std::string identity, std::string nonce, std::string language) {
    Asked asked;
    asked.caller = callerOf(std::move(identity), language);
    auto answered = co_await commands_->press(std::move(asked), std::move(nonce));
    co_return Answer{answered.ok, std::move(answered.text)};
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
    for (const auto& incident : lately_)
        if (!pipeline_->incidents().find(incident.id)) state["lately"].push_back(cardOf(incident));
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
    for (const auto& chat : chats_->views())
        if (chat.listens && !chat.lastError.empty())
            state["warnings"].push_back("chat " + chat.name + " hears nothing: " + chat.lastError);
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
