#include "agent/cli/setup.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <thread>

#include "agent/app/agent.hpp"
#include "agent/app/cluster_finder.hpp"
#include "agent/app/kubernetes_secrets.hpp"
#include "agent/cli/prompt.hpp"
#include "rules/load/load_rules.hpp"

namespace klaw::cli {
namespace {

using Type = app::ChannelConfig::Type;

std::string firstLine(std::istream& in) {
    std::string line;
    std::getline(in, line);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    return line;
}

Result<std::string> secretFromFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    auto secret = firstLine(in);
    if (secret.empty())
        return fail(ErrorCode::NotFound, "cannot read the secret, or it is empty", path,
                    "put it into that file, readable for you alone");
    return secret;
}

Result<std::string> secretFromVariable(const std::string& name) {
    const char* text = std::getenv(name.c_str());
    if (!text || !*text)
        return fail(ErrorCode::NotFound, "the environment variable " + name + " is not set", {},
                    "set it, or give a file");
    return std::string(text);
}

/// From a file, a variable, or the person; never from the command line, which every user of the machine can read.
Result<std::string> secretOf(const SetupOptions& options, const std::string& variable) {
    if (!options.secretFile.empty()) return secretFromFile(options.secretFile);
    if (!options.secretEnv.empty()) return secretFromVariable(options.secretEnv);
    if (const char* usual = std::getenv(variable.c_str()); usual && *usual) return std::string(usual);
    if (isAttended())
        if (auto typed = askSecret("Secret (it is not shown): "); typed && !typed->empty()) return *typed;
    return fail(ErrorCode::NotFound, "no secret is given", {},
                "set " + variable + ", or use --secret-env or --secret-file");
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

/// The ids that `access` gives roles to.
std::vector<std::string> departmentsOn(Type type, const app::Config& config) {
    auto prefix = access::departmentPrefix(type == Type::Feishu ? "feishu" : "dingtalk");
    std::set<std::string> ids;
    for (const auto& binding : config.bindings)
        for (const auto& department : binding.departments)
            if (department.starts_with(prefix)) ids.insert(department.substr(prefix.size()));
    return {ids.begin(), ids.end()};
}

/// Of routes, and of rules as far as they can be read: `klaw rules check` says what is wrong with the others.
std::set<rules::Ring> ringsOf(const app::Config& config) {
    std::set<rules::Ring> rings;
    for (const auto& route : config.routes) {
        rings.insert(route.ring);
        for (const auto& step : route.escalate) rings.insert(step.ring);
    }
    auto loaded = rules::loadRules(app::readRuleFiles(config).sources);
    for (const auto& rule : loaded.rules->rules()) rings.insert(rule.ring);
    rings.erase(rules::Ring::None);
    return rings;
}

}  // namespace

void SetupReport::fine(const std::string& what) {
    tell_({SetupFinding::Kind::Fine, what});
}

void SetupReport::missing(const std::string& what, const std::string& remedy) {
    incomplete_ = true;
    tell_({SetupFinding::Kind::Missing, what, remedy});
}

void SetupReport::unknown(const std::string& what, const Error& error) {
    tell_({SetupFinding::Kind::Unknown, what + ": " + error.message});
}

void printFinding(const SetupFinding& finding) {
    constexpr std::string_view marks[] = {"ok       ", "MISSING  ", "unknown  "};
    std::cout << "  " << marks[static_cast<std::size_t>(finding.kind)] << finding.what << "\n";
    if (!finding.remedy.empty()) std::cout << "           " << finding.remedy << "\n";
    std::cout << std::flush;
}

Result<SetupSubject> subjectOf(const SetupOptions& options, Type type, const std::string& variable) {
    bool feishu = type == Type::Feishu;
    SetupSubject subject;
    subject.app.type = type;
    subject.app.name = options.name.empty() ? (feishu ? "klaw-feishu" : "klaw-dingtalk") : options.name;
    subject.app.id = options.id;
    subject.app.domain = options.domain;
    subject.app.cardTemplate = options.cardTemplate;
    subject.app.language = options.language;
    if (subject.app.id.empty() && isAttended())
        subject.app.id = ask(feishu ? "App ID (cli_…): " : "Client ID: ").value_or("");
    if (subject.app.id.empty()) return fail(ErrorCode::NotFound, "no id of the application is given", {}, "use --id");
    auto secret = secretOf(options, variable);
    if (!secret) return fail(std::move(secret).error());
    subject.app.secret = std::move(*secret);
    subject.secretLine = !options.secretFile.empty()  ? "secret_file: " + quoted(options.secretFile)
                         : !options.secretEnv.empty() ? "secret_env: " + options.secretEnv
                                                      : "secret_env: " + variable;
    if (!options.chat.empty()) subject.chats.push_back(options.chat);
    return subject;
}

Result<std::vector<SetupSubject>> subjectsOf(const SetupOptions& options, Type type) {
    auto config = configFrom(options.config);
    if (!config) return fail(std::move(config).error());
    bool elsewhere = std::ranges::any_of(config->apps, [](const auto& app) { return app.secretFrom.has_value(); });
    if (elsewhere) {
        auto clusters = app::clustersOnDisk(config->clusters);
        if (!clusters) return fail(std::move(clusters).error());
        if (auto filled = app::fillSecretsNow(*config, clusters->clusters); !filled)
            return fail(std::move(filled).error());
    }
    auto rings = ringsOf(*config);
    std::vector<SetupSubject> subjects;
    for (const auto& app : config->apps) {
        if (app.type != type || (!options.name.empty() && app.name != options.name)) continue;
        SetupSubject subject;
        subject.app = app;
        for (const auto& channel : config->channels)
            if (channel.app == app.name) subject.chats.push_back(channel.chat);
        subject.departments = departmentsOn(type, *config);
        subject.rings = rings;
        subjects.push_back(std::move(subject));
    }
    if (subjects.empty())
        return fail(ErrorCode::NotFound, "the configuration has no such application", options.config,
                    "run the set-up without --check: it prints what goes into `apps`");
    return subjects;
}

Task<notifiers::PressAnswer> SetupInbound::press(notifiers::InboundPress press) {
    notifiers::PressAnswer answer;
    bool ours = press.nonce == nonce;
    answer.kind = ours ? notifiers::PressAnswer::Kind::Success : notifiers::PressAnswer::Kind::Warning;
    answer.toast = ours ? "It works · 成功" : "Press the newest test card · 请点最新的测试卡片";
    if (ours) presses.push_back(std::move(press));
    co_return answer;
}

bool SetupRun::until(const std::function<bool()>& holds, Duration atMost) {
    return loop.runUntil(holds, atMost);
}

std::optional<std::string> SetupRun::askMeanwhile(const std::string& question) {
    constexpr Duration longest = 24h;
    std::optional<std::optional<std::string>> line;
    std::thread person([&] {
        auto typed = ask(question);
        loop.post([&line, typed] { line = typed; });
    });
    until([&] { return line.has_value(); }, longest);
    person.join();
    return line.value_or(std::nullopt);
}

void SetupRun::stop(notifiers::InboundConnection& connection) {
    tasks.spawn("end", connection.stop());
    until([this] { return tasks.empty(); }, 5s);
}

notifiers::Card setupCard(const std::string& language, TimePoint now, const std::string& nonce) {
    bool pressable = !nonce.empty();
    bool zh = language.starts_with("zh");
    notifiers::Card card;
    card.id = "setup-" + std::to_string(toUnixMillis(now));
    card.status = notifiers::CardStatus::Test;
    card.severity = rules::Severity::Info;
    card.language = zh ? "zh" : "en";
    card.title = zh ? "Klaw 可以在这里发卡片" : "Klaw can write here";
    card.openedAt = card.updatedAt = now;
    notifiers::CardSection section;
    section.lines.emplace_back(zh ? "告警会以这样的卡片出现" : "Alerts will look like this card.");
    if (pressable) section.lines.emplace_back(zh ? "请点一下按钮" : "Press the button, please.");
    card.sections.push_back(std::move(section));
    if (!pressable) return card;
    notifiers::CardButton button;
    button.label = zh ? "收到" : "I see it";
    button.verb = "setup";
    button.nonce = nonce;
    button.command = "help";
    button.style = notifiers::CardButton::Style::Primary;
    card.buttons.push_back(std::move(button));
    return card;
}

std::string yamlOf(const SetupSubject& subject) {
    const auto& app = subject.app;
    bool feishu = app.type == Type::Feishu;
    std::string platform = feishu ? "feishu" : "dingtalk";
    auto text = "apps:\n  - name: " + app.name + "\n    type: " + platform + "\n    id: " + quoted(app.id) + "\n    " +
                subject.secretLine + "\n";
    if (!app.domain.empty()) text += "    domain: " + quoted(app.domain) + "\n";
    if (!app.cardTemplate.empty()) text += "    card_template: " + quoted(app.cardTemplate) + "\n";
    if (!app.corpId.empty()) text += "    corp_id: " + quoted(app.corpId) + "\n";
    text += "channels:\n  - name: oncall\n    app: " + app.name +
            "\n    chat: " + (subject.chats.empty() ? "…" : quoted(subject.chats.front())) + "\n";
    if (!subject.person.empty())
        text += "access:\n  - {name: you, " + platform + ": " + quoted(subject.person) + ", role: admin}\n";
    return text;
}

}  // namespace klaw::cli
