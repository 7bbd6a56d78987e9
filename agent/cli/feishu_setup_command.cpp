#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "agent/cli/application_setup.hpp"
#include "agent/cli/prompt.hpp"
#include "notifiers/feishu/app.hpp"
#include "notifiers/feishu/bot_info.hpp"
#include "notifiers/feishu/chat.hpp"
#include "notifiers/feishu/contacts.hpp"
#include "notifiers/feishu/endpoint.hpp"
#include "notifiers/feishu/long_connection.hpp"
#include "notifiers/feishu/survey.hpp"

namespace klaw::cli {
namespace {

namespace feishu = notifiers::feishu;

constexpr Duration connectWithin = 30s;

constexpr auto guide =
    "A Feishu or Lark application for Klaw, in seven steps:\n"
    "  1. {console}/app: create a custom app (企业自建应用).\n"
    "  2. Add features (添加应用能力): Bot (机器人).\n"
    "  3. Permissions (权限管理), as tenant: im:message:send_as_bot, im:message.group_at_msg:readonly,\n"
    "     im:message.p2p_msg:readonly, im:chat:readonly; for names also contact:contact.base:readonly and\n"
    "     contact:user.base:readonly.\n"
    "  4. Version management (版本管理与发布): create a version and publish it. Every later change needs another one.\n"
    "  5. Add the bot to the group: group settings, Bots (群机器人).\n"
    "App ID and App Secret are under Credentials (凭证与基础信息).\n";

constexpr auto subscriptions =
    "\nKlaw is connected now. In the console, Events & callbacks (事件与回调):\n"
    "  6. Event configuration: long connection (使用长连接接收事件), add im.message.receive_v1.\n"
    "  7. Callback configuration: long connection as well, add card.action.trigger.\n"
    "Then publish a new version.\n";

struct Scope {
    const char* name;
    const char* purpose;
    bool needed;
};
constexpr Scope scopes[] = {
    {"im:message:send_as_bot", "to send and change cards", true},
    {"im:message.group_at_msg:readonly", "to be mentioned in groups", true},
    {"im:message.p2p_msg:readonly", "to be written to directly", true},
    {"im:chat:readonly", "to list the groups", false},
    {"contact:user.base:readonly", "to show people by name", false},
};

constexpr std::pair<rules::Ring, Scope> ringScopes[] = {
    {rules::Ring::App, {"im:message.urgent", "to ring people in the application", true}},
    {rules::Ring::Sms, {"im:message.urgent:sms", "to ring people by SMS", true}},
    {rules::Ring::Phone, {"im:message.urgent:phone", "to ring people by phone", true}},
};

constexpr Scope departmentScopes[] = {
    {"contact:user.department:readonly", "to know who is in which department", true},
    {"contact:department.base:readonly", "to name departments", false},
    {"contact:department.organize:readonly", "to know which department is below which", true},
};

std::string consoleOf(const app::AppConfig& app) {
    return feishu::openPlatformUrl(app.domain);
}

std::string pageOf(const app::AppConfig& app, const std::string& page) {
    return consoleOf(app) + "/app/" + app.id + "/" + page;
}

class FeishuSetup final : public ApplicationSetup {
public:
    FeishuSetup(SetupRun& world, SetupSubject subject, SetupReport::Tell tell)
        : ApplicationSetup(world, std::move(subject), std::move(tell)) {
        feishu::AppOptions options;
        options.name = subject_.app.name;
        options.id = subject_.app.id;
        options.secret = subject_.app.secret;
        options.url = feishu::openPlatformUrl(subject_.app.domain);
        app_ =
            std::make_shared<feishu::App>(world_.loop, world_.client, world_.clock, world_.random, std::move(options));
    }

    bool checkCredentials() override {
        auto token = world_.run(app_->checkCredentials());
        if (!token) {
            report_.missing("token: " + token.error().message,
                            credentialsRemedy(token.error(), "copy App ID and App Secret anew from " +
                                                                 pageOf(subject_.app, "baseinfo") +
                                                                 "; a Lark application needs --domain lark"));
            return false;
        }
        report_.fine("App ID and App Secret");
        return true;
    }
    void check() override {
        checkBot();
        checkScopes();
        checkConnection();
        checkGroups();
    }
    /// The console saves "long connection" only while there is one.
    void goThrough() override {
        feishu::LongConnection connection(world_.loop, world_.clock, world_.random, world_.client, app_, inbound_);
        connection.start();
        if (!world_.until([&] { return connection.connected(); }, connectWithin))
            report_.missing("long connection: " + connection.lastError(), "see above");
        std::cout << subscriptions;
        world_.askMeanwhile("Press Enter when that is done. ");
        chooseGroup();
        if (sendCard(true))
            awaitPress("set the callback configuration to long connection with card.action.trigger at " +
                       pageOf(subject_.app, "event") + " and publish a version");
        world_.stop(connection);
    }

private:
    std::string platform() const override { return consoleOf(subject_.app); }
    std::unique_ptr<notifiers::Notifier> channelTo(const std::string& chat) override {
        feishu::ChatOptions options;
        options.name = subject_.app.name;
        options.chat = chat;
        return std::make_unique<feishu::Chat>(app_, std::move(options));
    }
    Task<Result<std::string>> askDepartmentName(std::string id) override {
        return feishu::askDepartmentName(app_, std::move(id));
    }
    void checkBot() {
        auto bot = world_.run(feishu::askBot(app_));
        if (bot)
            report_.fine("bot \"" + bot->name + "\"");
        else
            report_.missing("bot: " + bot.error().message,
                            "add the bot ability at " + pageOf(subject_.app, "bot") + " and publish a version");
    }
    void checkScopes() {
        auto granted = world_.run(feishu::askScopes(app_));
        if (!granted) return report_.unknown("scopes", granted.error());
        for (const auto& scope : scopes) checkScope(scope, *granted);
        checkScope({"contact:contact.base:readonly", "to look people up", !subject_.departments.empty()}, *granted);
        for (const auto& [ring, scope] : ringScopes)
            if (subject_.rings.contains(ring)) checkScope(scope, *granted);
        if (subject_.departments.empty()) return;
        for (const auto& scope : departmentScopes) checkScope(scope, *granted);
    }
    void checkConnection() {
        if (subject_.app.mode == app::AppConfig::Mode::Callback) return;
        auto endpoint = world_.run(feishu::askEndpoint(world_.client, app_->options()));
        if (endpoint)
            report_.fine("long connection");
        else
            report_.missing("long connection: " + endpoint.error().message, endpoint.error().remedy);
    }
    void checkGroups() {
        auto asked = world_.run(feishu::askGroups(app_));
        if (!asked)
            return report_.missing(
                "groups: " + asked.error().message,
                "grant im:chat:readonly at " + pageOf(subject_.app, "auth") + " and publish a version");
        groups_ = std::move(*asked);
        for (const auto& chat : subject_.chats) {
            if (!chat.starts_with("oc_")) continue;
            auto group = std::ranges::find(groups_, chat, &feishu::Group::id);
            if (group != groups_.end())
                report_.fine("group " + chat + " \"" + group->name + "\"");
            else
                report_.missing("the bot is not in the group " + chat, "add it there: group settings, Bots (群机器人)");
        }
        if (subject_.chats.empty() && groups_.empty())
            report_.missing("the bot is in no group", "add it to one: group settings, Bots (群机器人)");
    }
    void chooseGroup() {
        if (!subject_.chats.empty() || groups_.empty()) return;
        std::cout << "\nGroups of the bot:\n";
        for (std::size_t i = 0; i < groups_.size(); ++i)
            std::cout << "  " << i + 1 << ". " << groups_[i].name << " (" << groups_[i].id << ")\n";
        auto number = std::strtoul(ask("Where do cards go? Number: ").value_or("").c_str(), nullptr, 10);
        if (number >= 1 && number <= groups_.size()) subject_.chats.push_back(groups_[number - 1].id);
    }
    void checkScope(const Scope& scope, const std::set<std::string>& granted) {
        auto what = std::string("scope ") + scope.name + ", " + scope.purpose;
        if (granted.contains(scope.name))
            report_.fine(what);
        else if (scope.needed)
            report_.missing(what, "grant it at " + pageOf(subject_.app, "auth") + " and publish a version");
        else
            report_.unknown(what, Error(ErrorCode::NotFound, "not granted"));
    }

    std::shared_ptr<feishu::App> app_;
    std::vector<feishu::Group> groups_;
};

std::string guideOf(const std::string& domain) {
    std::string text(guide), place = "{console}";
    return text.replace(text.find(place), place.size(), feishu::openPlatformUrl(domain));
}

}  // namespace

SetupPlatform feishuPlatform(const std::string& domain) {
    auto open = [](SetupRun& world, SetupSubject subject, SetupReport::Tell tell) -> std::unique_ptr<ApplicationSetup> {
        return std::make_unique<FeishuSetup>(world, std::move(subject), std::move(tell));
    };
    return {app::ChannelConfig::Type::Feishu, "FEISHU_APP_SECRET", guideOf(domain), open};
}

int feishuSetupCommand(const SetupOptions& options) {
    return setUp(feishuPlatform(options.domain), options);
}

}  // namespace klaw::cli
