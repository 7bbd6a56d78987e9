#include <iostream>

#include "agent/cli/application_setup.hpp"
#include "notifiers/dingtalk/app.hpp"
#include "notifiers/dingtalk/chat.hpp"
#include "notifiers/dingtalk/contacts.hpp"
#include "notifiers/dingtalk/registration.hpp"
#include "notifiers/dingtalk/stream_connection.hpp"
#include "notifiers/dingtalk/survey.hpp"

namespace klaw::cli {
namespace {

namespace dingtalk = notifiers::dingtalk;

constexpr auto console = "https://open-dev.dingtalk.com";
constexpr Duration connectWithin = 30s, messageWithin = 5min;

constexpr auto guide =
    "A DingTalk application for Klaw, in six steps:\n"
    "  1. https://open-dev.dingtalk.com, App development (应用开发): create an in-house app (企业内部应用).\n"
    "  2. Robot (机器人与消息推送): enable it; message receiving mode Stream; publish it.\n"
    "  3. Permissions (权限管理): robot messages (qyapi_robot_sendmsg), Card.Instance.Write; for names\n"
    "     qyapi_get_member.\n"
    "  4. Version management (版本管理与发布): publish; the people on call must be in the visible range.\n"
    "  5. Group settings, Robots (机器人): add it. The group must be of the same organisation.\n"
    "  6. For refusals on the card itself: a card template of your own (docs/chat.md), --card-template.\n"
    "Client ID and Client Secret are under Credentials (凭证与基础信息).\n";

class DingTalkSetup final : public ApplicationSetup {
public:
    DingTalkSetup(SetupRun& world, SetupSubject subject, SetupReport::Tell tell)
        : ApplicationSetup(world, std::move(subject), std::move(tell)) {
        dingtalk::AppOptions options;
        options.name = subject_.app.name;
        options.id = subject_.app.id;
        options.secret = subject_.app.secret;
        options.robotCode = subject_.app.robotCode;
        options.cardTemplate = subject_.app.cardTemplate;
        options.platform = dingtalk::platformOf(subject_.app.domain);
        app_ = std::make_shared<dingtalk::App>(world_.loop, world_.client, world_.clock, std::move(options));
    }

    bool checkCredentials() override {
        auto token = world_.run(app_->checkCredentials());
        if (!token) {
            report_.missing(
                "token: " + token.error().message,
                credentialsRemedy(
                    token.error(),
                    std::string("copy Client ID and Client Secret anew from the application's page at ") + console));
            return false;
        }
        report_.fine("Client ID and Client Secret");
        return true;
    }
    void check() override {
        checkStream();
        checkPermissions();
        checkGroups();
    }
    /// The platform lists no groups: somebody must write in one.
    void goThrough() override {
        dingtalk::StreamConnection connection(world_.loop, world_.clock, world_.random, world_.client, app_, inbound_);
        connection.start();
        if (!world_.until([&] { return connection.connected(); }, connectWithin))
            report_.missing("Stream mode: " + connection.lastError(), "see above");
        else {
            if (subject_.chats.empty()) awaitMessage();
            if (sendCard(true))
                awaitPress("is another program connected as this application? It takes a part of the presses");
        }
        world_.stop(connection);
    }

private:
    std::string platform() const override { return app_->options().platform.api; }
    std::unique_ptr<notifiers::Notifier> channelTo(const std::string& chat) override {
        dingtalk::ChatOptions options;
        options.name = subject_.app.name;
        options.chat = chat;
        return std::make_unique<dingtalk::Chat>(app_, world_.clock, std::move(options));
    }
    Task<Result<std::string>> askDepartmentName(std::string id) override {
        return dingtalk::askDepartmentName(app_, std::move(id));
    }
    void checkStream() {
        if (subject_.app.mode == app::AppConfig::Mode::Callback) return;
        auto registered = world_.run(dingtalk::registerStream(world_.client, world_.clock.now(), app_->options()));
        if (registered)
            report_.fine("Stream mode");
        else
            report_.missing("Stream mode: " + registered.error().message,
                            "enable the robot with message receiving mode Stream and publish the application");
    }
    void checkPermissions() {
        checkPermission("change cards", dingtalk::askWhetherCardsMayBeChanged(app_));
        checkPermission("write to people", dingtalk::askWhetherPeopleMayBeWrittenTo(app_));
        if (!subject_.rings.empty()) checkPermission("ring people (DING)", dingtalk::askWhetherPeopleMayBeRung(app_));
    }
    void checkPermission(const std::string& what, Task<Result<void>> question) {
        auto allowed = world_.run(std::move(question));
        if (allowed)
            report_.fine("permission to " + what);
        else if (allowed.error().code == ErrorCode::PermissionDenied)
            report_.missing("permission to " + what + ": " + allowed.error().message, allowed.error().remedy);
        else
            report_.unknown("permission to " + what, allowed.error());
    }
    void checkGroups() {
        for (const auto& chat : subject_.chats) {
            if (!chat.starts_with("cid")) continue;
            auto there = world_.run(dingtalk::askWhetherInGroup(app_, chat));
            if (!there)
                report_.unknown("robot in the group " + chat, there.error());
            else if (*there)
                report_.fine("robot in the group " + chat);
            else
                report_.missing("the robot is not in the group " + chat,
                                "add it there: group settings, Robots (机器人)");
        }
    }
    void awaitMessage() {
        std::cout << "Mention the robot in the group where cards go, with any word …\n" << std::flush;
        if (!world_.until([this] { return !inbound_.messages.empty(); }, messageWithin))
            return report_.missing("no message came in", "is the robot in the group, and published?");
        const auto& message = inbound_.messages.front();
        subject_.chats.push_back(message.direct ? message.from.id : message.chat);
        subject_.person = message.from.id;
        subject_.app.corpId = message.botOrganisation;
        report_.fine("messages come in; the group is " + message.chat + ", you are " + message.from.id);
    }

    std::shared_ptr<dingtalk::App> app_;
};

}  // namespace

SetupPlatform dingtalkPlatform() {
    auto open = [](SetupRun& world, SetupSubject subject, SetupReport::Tell tell) -> std::unique_ptr<ApplicationSetup> {
        return std::make_unique<DingTalkSetup>(world, std::move(subject), std::move(tell));
    };
    return {app::ChannelConfig::Type::DingTalk, "DINGTALK_SECRET", guide, open};
}

int dingtalkSetupCommand(const SetupOptions& options) {
    return setUp(dingtalkPlatform(), options);
}

}  // namespace klaw::cli
