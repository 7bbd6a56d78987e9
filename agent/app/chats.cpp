#include "agent/app/chats.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "notifiers/dingtalk/app.hpp"
#include "notifiers/dingtalk/chat.hpp"
#include "notifiers/dingtalk/stream_connection.hpp"
#include "notifiers/feishu/app.hpp"
#include "notifiers/feishu/chat.hpp"
#include "notifiers/feishu/long_connection.hpp"

namespace klaw::app {
namespace {

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

}  // namespace

/// One application with everything that belongs to it.
struct Chats::Line {
    AppConfig config;
    std::string language;
    std::shared_ptr<notifiers::feishu::App> feishu;  ///< one of these two
    std::shared_ptr<notifiers::dingtalk::App> dingtalk;
    std::shared_ptr<std::map<std::string, std::uint64_t>> calls =
        std::make_shared<std::map<std::string, std::uint64_t>>();  ///< also of notifiers that outlive the line
    std::unique_ptr<ChatDesk> desk;
    std::unique_ptr<notifiers::InboundConnection> connection;  ///< null: it does not listen

    std::unique_ptr<notifiers::Notifier> notifier(const Clock& clock, const std::string& name,
                                                  const std::string& chat) const {
        if (dingtalk) {
            notifiers::dingtalk::ChatOptions options;
            options.name = name;
            options.chat = chat;
            return std::make_unique<notifiers::dingtalk::Chat>(dingtalk, clock, std::move(options));
        }
        notifiers::feishu::ChatOptions options;
        options.name = name;
        options.chat = chat;
        return std::make_unique<notifiers::feishu::Chat>(feishu, std::move(options));
    }
};

Chats::Chats(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& http, const CallBudgets& budgets,
             CommandDesk& commands, ChatDesk::Commit commit)
    : loop_(loop),
      clock_(clock),
      random_(random),
      http_(http),
      budgets_(budgets),
      commands_(commands),
      commit_(std::move(commit)),
      endings_(loop, reportFailure) {}

Chats::~Chats() = default;

std::unique_ptr<Chats::Line> Chats::open(const AppConfig& config, const std::string& language) {
    auto line = std::make_unique<Line>();
    line->config = config;
    line->language = language;
    ChatApp app{config.type == ChannelConfig::Type::Feishu ? "feishu" : "dingtalk", config.name, language};
    line->desk = std::make_unique<ChatDesk>(loop_, clock_, random_, commands_, commit_, std::move(app));
    config.type == ChannelConfig::Type::Feishu ? openFeishu(*line) : openDingTalk(*line);
    if (line->connection) line->connection->start();
    return line;
}

void Chats::openFeishu(Line& line) {
    notifiers::feishu::AppOptions options;
    options.name = line.config.name;
    options.id = line.config.id;
    options.secret = line.config.secret;
    options.url = notifiers::feishu::openPlatformUrl(line.config.domain);
    options.account = budgets_.of(line.config.name);
    line.feishu = std::make_shared<notifiers::feishu::App>(loop_, http_, clock_, random_, std::move(options));
    line.feishu->onCall([calls = line.calls](std::string_view api) { ++(*calls)[std::string(api)]; });
    if (line.config.listens)
        line.connection =
            std::make_unique<notifiers::feishu::LongConnection>(loop_, clock_, random_, http_, line.feishu, *line.desk);
}

void Chats::openDingTalk(Line& line) {
    notifiers::dingtalk::AppOptions options;
    options.name = line.config.name;
    options.id = line.config.id;
    options.secret = line.config.secret;
    options.robotCode = line.config.robotCode;
    options.cardTemplate = line.config.cardTemplate;
    options.platform = notifiers::dingtalk::platformOf(line.config.domain);
    options.account = budgets_.of(line.config.name);
    line.dingtalk = std::make_shared<notifiers::dingtalk::App>(loop_, http_, clock_, std::move(options));
    line.dingtalk->onCall([calls = line.calls](std::string_view api) { ++(*calls)[std::string(api)]; });
    if (line.config.listens)
        line.connection = std::make_unique<notifiers::dingtalk::StreamConnection>(loop_, clock_, random_, http_,
                                                                                  line.dingtalk, *line.desk);
}

void Chats::follow(const Config& config) {
    auto before = std::exchange(lines_, {});
    for (const auto& app : config.apps) {
        auto language = app.language.empty() ? config.language : app.language;
        auto same = [&](const std::unique_ptr<Line>& line) {
            return line && line->config == app && line->language == language;
        };
        auto known = std::ranges::find_if(before, same);
        lines_.push_back(known != before.end() ? std::move(*known) : open(app, language));
    }
    auto end = [](Line& line) -> Task<void> {
        if (line.connection) co_await line.connection->stop();
        co_await line.desk->stop();
    };
    for (auto& gone : before) {
        if (!gone) continue;
        endings_.spawn("end of " + gone->config.name, end(*gone));
        leaving_.push_back(std::move(gone));
    }
}

std::unique_ptr<notifiers::Notifier> Chats::notifierOf(const ChannelConfig& channel) const {
    for (const auto& line : lines_)
        if (line->config.name == channel.app) return line->notifier(clock_, channel.name, channel.chat);
    return nullptr;
}

std::vector<std::unique_ptr<notifiers::Notifier>> Chats::replyNotifiers() const {
    std::vector<std::unique_ptr<notifiers::Notifier>> made;
    for (const auto& line : lines_) made.push_back(line->notifier(clock_, line->config.name, {}));
    return made;
}

std::vector<ChatView> Chats::views() const {
    std::vector<ChatView> all;
    for (const auto& line : lines_) {
        ChatView view;
        view.name = line->config.name;
        view.platform = line->config.type == ChannelConfig::Type::Feishu ? "feishu" : "dingtalk";
        view.counts = line->desk->counts();
        view.calls = *line->calls;
        if (line->connection) {
            view.listens = true;
            view.connected = line->connection->connected();
            view.lastError = line->connection->lastError();
            view.lastHeardOf = line->connection->lastHeardOf();
            view.inbound = line->connection->counts();
        }
        all.push_back(std::move(view));
    }
    return all;
}

void Chats::tell(const std::string& address, const Answered& answered) const {
    auto channel = ChatDesk::channelOf(address);
    for (const auto& line : lines_)
        if (line->config.name == channel) line->desk->tell(address, answered);
}

Task<void> Chats::stop() {
    for (const auto& line : lines_) {
        if (line->connection) co_await line->connection->stop();
        co_await line->desk->stop();
    }
    while (!endings_.empty()) co_await clock_.sleepFor(10ms);
}

}  // namespace klaw::app
