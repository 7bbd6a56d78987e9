#include "agent/app/channels_config.hpp"

#include <algorithm>
#include <set>

#include "agent/app/config_values.hpp"
#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

ChannelConfig::Type readType(const YamlCursor& value) {
    auto type = value.text("type").value;
    if (type == "terminal") return ChannelConfig::Type::Terminal;
    if (type == "webhook") return ChannelConfig::Type::Webhook;
    if (type == "dingtalk") return ChannelConfig::Type::DingTalk;
    if (type == "feishu") return ChannelConfig::Type::Feishu;
    value.error("type: there is no channel type \"" + type + "\"", "one of terminal, webhook, dingtalk, feishu");
    return ChannelConfig::Type::Terminal;
}

std::optional<std::uint64_t> readCallsPerMonth(const YamlCursor& value) {
    auto calls = value.integer("calls_per_month");
    if (!calls) return std::nullopt;
    if (*calls >= 10) return static_cast<std::uint64_t>(*calls);
    value.error("calls_per_month must be 10 or more", "leave it out where the platform sets no limit");
    return std::nullopt;
}

ChannelConfig::Type readAppType(const YamlCursor& value) {
    auto type = value.text("type").value;
    if (type == "dingtalk") return ChannelConfig::Type::DingTalk;
    if (type != "feishu") value.error("type: there are no applications of \"" + type + "\"", "one of dingtalk, feishu");
    return ChannelConfig::Type::Feishu;
}

std::string readDomain(const YamlCursor& value) {
    auto domain = value.text("domain").value;
    if (domain != "feishu" && domain != "lark" && domain != "dingtalk" && domain != "international" &&
        !isWebAddress(domain))
        value.error("domain: \"" + domain + "\" is not known",
                    "write feishu, lark, dingtalk, international or a base URL");
    return domain;
}

AppConfig::Mode readMode(const YamlCursor& value) {
    auto mode = value.text("mode").value;
    if (mode == "callback") return AppConfig::Mode::Callback;
    if (mode != "connection") value.error("mode: \"" + mode + "\" is not known", "one of connection, callback");
    return AppConfig::Mode::Connection;
}

// clang-format off
constexpr Field<ChannelConfig> channelFields[] = {
    {"name", [](const YamlCursor& v, ChannelConfig& c) { c.name = v.text("name").value; }},
    {"type", [](const YamlCursor& v, ChannelConfig& c) { c.type = readType(v); }},
    {"url", [](const YamlCursor& v, ChannelConfig& c) { readSecret(v, "url", c.url, c.urlFrom); }},
    {"url_file", [](const YamlCursor& v, ChannelConfig& c) { c.url = secretFromFile(v, "url_file"); }},
    {"url_env", [](const YamlCursor& v, ChannelConfig& c) { c.url = secretFromEnvironment(v, "url_env"); }},
    {"secret", [](const YamlCursor& v, ChannelConfig& c) { readSecret(v, "secret", c.secret, c.secretFrom); }},
    {"secret_file", [](const YamlCursor& v, ChannelConfig& c) { c.secret = secretFromFile(v, "secret_file"); }},
    {"secret_env", [](const YamlCursor& v, ChannelConfig& c) { c.secret = secretFromEnvironment(v, "secret_env"); }},
    {"keywords", [](const YamlCursor& v, ChannelConfig& c) { c.keywords = rules::values(v.texts("keywords")); }},
    {"language", [](const YamlCursor& v, ChannelConfig& c) { c.language = readLanguage(v); }},
    {"app", [](const YamlCursor& v, ChannelConfig& c) { c.app = v.text("app").value; }},
    {"chat", [](const YamlCursor& v, ChannelConfig& c) { c.chat = v.text("chat").value; }},
    {"fallback", [](const YamlCursor& v, ChannelConfig& c) { c.fallback = v.text("fallback").value; }},
    {"calls_per_month", [](const YamlCursor& v, ChannelConfig& c) { c.callsPerMonth = readCallsPerMonth(v); }},
};

constexpr Field<AppConfig> appFields[] = {
    {"name", [](const YamlCursor& v, AppConfig& a) { a.name = v.text("name").value; }},
    {"type", [](const YamlCursor& v, AppConfig& a) { a.type = readAppType(v); }},
    {"id", [](const YamlCursor& v, AppConfig& a) { a.id = v.text("id").value; }},
    {"id_env", [](const YamlCursor& v, AppConfig& a) { a.id = secretFromEnvironment(v, "id_env"); }},
    {"id_file", [](const YamlCursor& v, AppConfig& a) { a.id = secretFromFile(v, "id_file"); }},
    {"secret", [](const YamlCursor& v, AppConfig& a) { readSecret(v, "secret", a.secret, a.secretFrom); }},
    {"secret_file", [](const YamlCursor& v, AppConfig& a) { a.secret = secretFromFile(v, "secret_file"); }},
    {"secret_env", [](const YamlCursor& v, AppConfig& a) { a.secret = secretFromEnvironment(v, "secret_env"); }},
    {"domain", [](const YamlCursor& v, AppConfig& a) { a.domain = readDomain(v); }},
    {"robot_code", [](const YamlCursor& v, AppConfig& a) { a.robotCode = v.text("robot_code").value; }},
    {"card_template", [](const YamlCursor& v, AppConfig& a) { a.cardTemplate = v.text("card_template").value; }},
    {"corp_id", [](const YamlCursor& v, AppConfig& a) { a.corpId = v.text("corp_id").value; }},
    {"mode", [](const YamlCursor& v, AppConfig& a) { a.mode = readMode(v); }},
    {"verification_token", [](const YamlCursor& v, AppConfig& a) { readSecret(v, "verification_token", a.verificationToken, a.verificationTokenFrom); }},
    {"verification_token_file", [](const YamlCursor& v, AppConfig& a) { a.verificationToken = secretFromFile(v, "verification_token_file"); }},
    {"verification_token_env", [](const YamlCursor& v, AppConfig& a) { a.verificationToken = secretFromEnvironment(v, "verification_token_env"); }},
    {"encrypt_key", [](const YamlCursor& v, AppConfig& a) { readSecret(v, "encrypt_key", a.encryptKey, a.encryptKeyFrom); }},
    {"encrypt_key_file", [](const YamlCursor& v, AppConfig& a) { a.encryptKey = secretFromFile(v, "encrypt_key_file"); }},
    {"encrypt_key_env", [](const YamlCursor& v, AppConfig& a) { a.encryptKey = secretFromEnvironment(v, "encrypt_key_env"); }},
    {"calls_per_month", [](const YamlCursor& v, AppConfig& a) { a.callsPerMonth = readCallsPerMonth(v); }},
    {"listens", [](const YamlCursor& v, AppConfig& a) { a.listens = v.boolean("listens").value_or(true); }},
    {"language", [](const YamlCursor& v, AppConfig& a) { a.language = readLanguage(v); }},
};
// clang-format on

}  // namespace

void readApps(const rules::YamlCursor& value, Config& config) {
    std::vector<rules::YamlCursor> places;
    readList<AppConfig>(value, "apps", appFields, config.apps, places);
    std::set<std::string> names;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto& app = config.apps[i];
        if (app.name.empty())
            places[i].error("an application without a name", "add `name`: channels refer to it");
        else if (!names.insert(app.name).second)
            places[i].error("the application \"" + app.name + "\" is there twice", "choose another name");
        if (app.id.empty() || (app.secret.empty() && !app.secretFrom))
            places[i].error("the application \"" + app.name + "\" has no id or no secret",
                            "add `id` and `secret_env` or `secret_file`");
        bool posts = app.mode == AppConfig::Mode::Callback && app.type == ChannelConfig::Type::Feishu;
        bool proven = !app.verificationToken.empty() || app.verificationTokenFrom || !app.encryptKey.empty() ||
                      app.encryptKeyFrom;
        if (posts && !proven)
            places[i].error("anybody could write to \"" + app.name + "\" as the platform",
                            "add `encrypt_key_env` (better) or `verification_token_env`, as the console shows them");
    }
}

void readChannels(const rules::YamlCursor& value, Config& config) {
    std::vector<rules::YamlCursor> places;
    readList<ChannelConfig>(value, "channels", channelFields, config.channels, places);
    std::set<std::string> names;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto& channel = config.channels[i];
        if (channel.name.empty())
            places[i].error("a channel without a name", "add `name`: rules refer to it");
        else if (!names.insert(channel.name).second)
            places[i].error("the channel \"" + channel.name + "\" is there twice", "choose another name");
        if (!channel.app.empty()) {
            if (channel.chat.empty())
                places[i].error("the channel \"" + channel.name + "\" has no chat", "add `chat`: the id of a group");
            continue;
        }
        if (channel.type != ChannelConfig::Type::Terminal && !channel.urlFrom && !isWebAddress(channel.url))
            places[i].error("the channel \"" + channel.name + "\" has no http or https address",
                            "add `url`, `url_file` or `url_env`");
    }
}

/// A channel of an application has its platform, and names do not clash: answers leave under the application's.
void checkApps(const rules::YamlCursor& root, Config& config) {
    for (const auto& app : config.apps)
        if (app.mode == AppConfig::Mode::Callback && app.type == ChannelConfig::Type::DingTalk &&
            !isWebAddress(config.url))
            root.error("apps: the platform must be told where to post the presses of \"" + app.name + "\"",
                       "add `url`: the https address at which it reaches this agent");
    for (auto& channel : config.channels) {
        for (const auto& app : config.apps)
            if (app.name == channel.name)
                root.error("\"" + app.name + "\" names an application and a channel", "choose another name for one");
        if (channel.app.empty()) continue;
        if (channel.callsPerMonth)
            root.error("calls_per_month of the channel \"" + channel.name + "\": its application makes the calls",
                       "move it to `apps`");
        auto app = std::ranges::find(config.apps, channel.app, &AppConfig::name);
        if (app == config.apps.end())
            root.error("channels: there is no application \"" + channel.app + "\"", "add it to `apps`");
        else
            channel.type = app->type;
    }
}

}  // namespace klaw::app
