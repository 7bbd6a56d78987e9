#include "agent/app/notifiers.hpp"

#include "notifiers/dingtalk/robot.hpp"
#include "notifiers/feishu/bot.hpp"
#include "notifiers/terminal/terminal.hpp"
#include "notifiers/webhook/webhook.hpp"

namespace klaw::app {

std::unique_ptr<notifiers::Notifier> makeNotifier(const ChannelConfig& channel, net::HttpClient& client,
                                                  const Clock& clock, Random& random,
                                                  std::shared_ptr<notifiers::Account> account) {
    switch (channel.type) {
        case ChannelConfig::Type::Terminal:
            return notifiers::terminal::Terminal::onStandardOutput(channel.name);
        case ChannelConfig::Type::Webhook: {
            notifiers::webhook::WebhookOptions options;
            options.name = channel.name;
            options.url = channel.url;
            options.secret = channel.secret;
            return std::make_unique<notifiers::webhook::Webhook>(client, clock, std::move(options));
        }
        case ChannelConfig::Type::DingTalk: {
            notifiers::dingtalk::RobotOptions options;
            options.name = channel.name;
            options.url = channel.url;
            options.secret = channel.secret;
            options.keywords = channel.keywords;
            options.account = std::move(account);
            return std::make_unique<notifiers::dingtalk::Robot>(client, clock, std::move(options));
        }
        case ChannelConfig::Type::Feishu: {
            notifiers::feishu::BotOptions options;
            options.name = channel.name;
            options.url = channel.url;
            options.secret = channel.secret;
            options.keywords = channel.keywords;
            options.account = std::move(account);
            return std::make_unique<notifiers::feishu::Bot>(client, clock, random, std::move(options));
        }
    }
    return nullptr;
}

namespace {

/// Name → id of those that the channel's platform knows.
std::map<std::string, std::string> peopleOn(ChannelConfig::Type type, const Config& config) {
    std::string prefix = type == ChannelConfig::Type::DingTalk ? "dingtalk:" : "feishu:";
    std::map<std::string, std::string> people;
    for (const auto& binding : config.bindings)
        for (const auto& identity : binding.identities)
            if (!binding.name.empty() && identity.starts_with(prefix))
                people.emplace(binding.name, identity.substr(prefix.size()));
    return people;
}

}  // namespace

deliver::DeliveryPlanner makePlanner(const Config& config, const std::string& consoleUrl) {
    std::vector<deliver::ChannelPlan> plans;
    for (const auto& channel : config.channels) {
        deliver::ChannelPlan plan;
        plan.name = channel.name;
        plan.style.language = channel.language.empty() ? config.language : channel.language;
        plan.style.utcOffsetMinutes = config.utcOffsetMinutes;
        plan.style.consoleUrl = consoleUrl;
        plan.canUpdate = channel.type == ChannelConfig::Type::Webhook || !channel.app.empty();
        plan.canRing = !channel.app.empty();
        plan.groupWait = config.groupWait;
        plan.people = peopleOn(channel.type, config);
        plans.push_back(std::move(plan));
    }
    return deliver::DeliveryPlanner(std::move(plans),
                                    std::make_shared<const rules::Routes>(config.routes, config.notify, config.rotas));
}

std::string consoleUrlOf(const Config& config, std::uint16_t port) {
    if (!config.url.empty())
        return config.url.ends_with('/') ? config.url.substr(0, config.url.size() - 1) : config.url;
    bool everywhere = config.listenAddress == "0.0.0.0" || config.listenAddress == "::";
    auto host = everywhere ? std::string("127.0.0.1") : config.listenAddress;
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return "http://" + host + ":" + std::to_string(port);
}

}  // namespace klaw::app
