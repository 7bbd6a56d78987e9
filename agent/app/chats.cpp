#include "agent/app/chats.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "notifiers/dingtalk/app.hpp"
#include "notifiers/dingtalk/callback.hpp"
#include "notifiers/dingtalk/chat.hpp"
#include "notifiers/dingtalk/contacts.hpp"
#include "notifiers/dingtalk/private_notes.hpp"
#include "notifiers/dingtalk/stream_connection.hpp"
#include "notifiers/feishu/app.hpp"
#include "notifiers/feishu/callback.hpp"
#include "notifiers/feishu/chat.hpp"
#include "notifiers/feishu/contacts.hpp"
#include "notifiers/feishu/long_connection.hpp"
#include "notifiers/feishu/private_notes.hpp"

namespace klaw::app {
namespace {

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

constexpr std::string_view corporationPrefix = "dingtalk-corporation:";

/// Where the platform posts to; empty where it does not.
std::string callbackAddress(const AppConfig& app, const std::string& url) {
    if (app.mode != AppConfig::Mode::Callback) return {};
    auto base = url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
    return base + "/callback/" + net::percentEncode(app.name);
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
    std::unique_ptr<notifiers::People> people;                     ///< their names
    std::unique_ptr<notifiers::People> departments;                ///< of people
    std::unique_ptr<ChatDesk> desk;
    std::string address;                                       ///< of callbacks
    std::unique_ptr<notifiers::InboundConnection> connection;  ///< null: it does not listen
    notifiers::InboundCallback* callback = nullptr;            ///< the connection, where the platform posts

    void listenBy(std::unique_ptr<notifiers::InboundCallback> way) {
        callback = way.get();
        connection = std::move(way);
    }
    bool isPostedTo() const { return config.listens && config.mode == AppConfig::Mode::Callback; }

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
             CommandDesk& commands, ChatDesk::Commit commit, const Meta& meta)
    : loop_(loop),
      clock_(clock),
      random_(random),
      http_(http),
      budgets_(budgets),
      commands_(commands),
      commit_(std::move(commit)),
      endings_(loop, reportFailure) {
    for (auto at = meta.lower_bound(corporationPrefix); at != meta.end() && at->first.starts_with(corporationPrefix);
         ++at)
        corporations_[at->first.substr(corporationPrefix.size())] = at->second;
}

Chats::~Chats() = default;

std::unique_ptr<Chats::Line> Chats::open(const AppConfig& config, const std::string& language, const std::string& url) {
    auto line = std::make_unique<Line>();
    line->config = config;
    line->language = language;
    line->address = callbackAddress(config, url);
    ChatApp app{config.type == ChannelConfig::Type::Feishu ? "feishu" : "dingtalk", config.name, language};
    bool feishu = config.type == ChannelConfig::Type::Feishu;
    auto ask = [of = line.get()](std::string id) {
        return of->feishu ? notifiers::feishu::askPerson(of->feishu, std::move(id))
                          : notifiers::dingtalk::askPerson(of->dingtalk, std::move(id));
    };
    line->people = std::make_unique<notifiers::People>(
        loop_, clock_, feishu ? notifiers::feishu::kKeepPeople : notifiers::dingtalk::kKeepPeople, std::move(ask));
    app.people = line->people.get();
    auto askDepartments = [of = line.get()](std::string id) {
        return of->feishu ? notifiers::feishu::askDepartments(of->feishu, std::move(id))
                          : notifiers::dingtalk::askDepartments(of->dingtalk, std::move(id));
    };
    line->departments = std::make_unique<notifiers::People>(
        loop_, clock_, feishu ? notifiers::feishu::kKeepDepartments : notifiers::dingtalk::kKeepDepartments,
        std::move(askDepartments));
    app.departments = line->departments.get();
    line->desk = std::make_unique<ChatDesk>(loop_, clock_, random_, commands_, commit_, std::move(app));
    feishu ? openFeishu(*line) : openDingTalk(*line);
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
    options.pace = std::make_shared<notifiers::ChatPace>(clock_, notifiers::CallBudget{4, 1s});
    line.feishu = std::make_shared<notifiers::feishu::App>(loop_, http_, clock_, random_, std::move(options));
    line.feishu->onCall([calls = line.calls](std::string_view api) { ++(*calls)[std::string(api)]; });
    if (line.isPostedTo())
        line.listenBy(std::make_unique<notifiers::feishu::Callback>(
            loop_, clock_, line.feishu, *line.desk,
            notifiers::feishu::CallbackOptions{line.config.verificationToken, line.config.encryptKey}));
    else if (line.config.listens)
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
    options.corpId = line.config.corpId;
    if (line.isPostedTo()) options.cardRoute = notifiers::dingtalk::Callback::cardRoute;
    options.platform = notifiers::dingtalk::platformOf(line.config.domain);
    options.account = budgets_.of(line.config.name);
    line.dingtalk = std::make_shared<notifiers::dingtalk::App>(loop_, http_, clock_, std::move(options));
    line.dingtalk->corporation().remember(
        corporations_[line.config.id],
        [this, app = line.config.id](const std::string& corporation) { noteCorporation(app, corporation); });
    line.dingtalk->onCall([calls = line.calls](std::string_view api) { ++(*calls)[std::string(api)]; });
    if (line.isPostedTo())
        line.listenBy(
            std::make_unique<notifiers::dingtalk::Callback>(loop_, clock_, line.dingtalk, *line.desk, line.address));
    else if (line.config.listens)
        line.connection = std::make_unique<notifiers::dingtalk::StreamConnection>(loop_, clock_, random_, http_,
                                                                                  line.dingtalk, *line.desk);
}

/// A press right after a restart must not wait for a message that says whose people userids are.
void Chats::noteCorporation(const std::string& app, const std::string& corporation) {
    corporations_[app] = corporation;
    storage::UnitOfWork unit;
    unit.meta.push_back({std::string(corporationPrefix) + app, corporation});
    commit_(std::move(unit), {});
}

void Chats::follow(const Config& config) {
    auto before = std::exchange(lines_, {});
    for (const auto& app : config.apps) {
        auto language = app.language.empty() ? config.language : app.language;
        auto same = [&](const std::unique_ptr<Line>& line) {
            return line && line->config == app && line->language == language &&
                   line->address == callbackAddress(app, config.url);
        };
        auto known = std::ranges::find_if(before, same);
        lines_.push_back(known != before.end() ? std::move(*known) : open(app, language, config.url));
    }
    auto end = [](Line& line) -> Task<void> {
        if (line.connection) co_await line.connection->stop();
        co_await line.desk->stop();
        co_await line.people->stop();
        co_await line.departments->stop();
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

std::unique_ptr<notifiers::PrivateNotes> Chats::privateNotesOf(const std::string& app) const {
    for (const auto& line : lines_) {
        if (line->config.name != app) continue;
        if (line->feishu) return std::make_unique<notifiers::feishu::PrivateNotes>(line->feishu);
        return std::make_unique<notifiers::dingtalk::PrivateNotes>(line->dingtalk);
    }
    return nullptr;
}

std::vector<ChatView> Chats::views() const {
    std::vector<ChatView> all;
    for (const auto& line : lines_) {
        ChatView view;
        view.name = line->config.name;
        view.platform = line->config.type == ChannelConfig::Type::Feishu ? "feishu" : "dingtalk";
        view.counts = line->desk->counts();
        view.names = line->people->counts();
        view.departments = line->departments->counts();
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

Result<storage::Delivery> Chats::proposal(const std::string& app, const std::string& chat, const std::string& id,
                                          const Answered& answered) const {
    auto found = std::ranges::find_if(lines_, [&](const auto& line) { return line->config.name == app; });
    if (found == lines_.end()) return fail(ErrorCode::NotFound, "there is no application \"" + app + "\"");
    if (!(*found)->config.listens)
        return fail(ErrorCode::Unavailable, "the application \"" + app + "\" hears no presses", {}, "see `listens`");
    return (*found)->desk->proposal(id, chat, answered);
}

std::string Chats::applicationOf(std::string_view platform) const {
    for (const auto& line : lines_) {
        bool feishu = line->config.type == ChannelConfig::Type::Feishu;
        if (platform == (feishu ? "feishu" : "dingtalk") && line->config.listens) return line->config.name;
    }
    return {};
}

Task<access::Membership> Chats::membershipOf(std::string identity) const {
    auto colon = identity.find(':');
    auto app = applicationOf(identity.substr(0, colon));
    for (const auto& line : lines_)
        if (line->config.name == app && !app.empty())
            co_return co_await line->desk->membershipOf(identity.substr(colon + 1));
    co_return access::Membership();
}

Task<net::ServerResponse> Chats::receive(net::ServerRequest request, std::string name, std::string rest) {
    for (const auto& line : lines_)
        if (line->callback && line->config.name == name)
            co_return co_await line->callback->receive(std::move(request), std::move(rest));
    co_return net::ServerResponse::text(404, "not found\n");
}

Task<void> Chats::stop() {
    for (const auto& line : lines_) {
        if (line->connection) co_await line->connection->stop();
        co_await line->desk->stop();
        co_await line->people->stop();
        co_await line->departments->stop();
    }
    while (!endings_.empty()) co_await clock_.sleepFor(10ms);
}

}  // namespace klaw::app
