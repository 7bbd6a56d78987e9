#include "agent/app/mcp_config.hpp"

#include <algorithm>
#include <set>

#include "agent/app/config_values.hpp"
#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

constexpr std::size_t shortestToken = 16;

// clang-format off
constexpr Field<McpPrincipalConfig> principalFields[] = {
    {"name", [](const YamlCursor& v, McpPrincipalConfig& p) { p.name = v.text("name").value; }},
    {"token_file", [](const YamlCursor& v, McpPrincipalConfig& p) { p.token = secretFromFile(v, "token_file"); }},
    {"token_env", [](const YamlCursor& v, McpPrincipalConfig& p) { p.token = secretFromEnvironment(v, "token_env"); }},
    {"user", [](const YamlCursor& v, McpPrincipalConfig& p) { p.identity = v.text("user").value; }},
    {"changes", [](const YamlCursor& v, McpPrincipalConfig& p) { p.changes = v.boolean("changes").value_or(false); }},
    {"confirm_in", [](const YamlCursor& v, McpPrincipalConfig& p) { p.confirmIn = v.text("confirm_in").value; }},
};

void check(const YamlCursor& item, const McpPrincipalConfig& principal) {
    auto isPlain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
    if (principal.name.empty() || !std::ranges::all_of(principal.name, isPlain))
        item.error("principals: a name has small letters, digits, - and _", "add `name`, for example openclaw");
    if (principal.token.size() < shortestToken)
        item.error("principals: the token must have 16 characters at least",
                   "add `token_file` or `token_env`; `openssl rand -hex 32` makes one");
    bool known = false;
    for (std::string_view platform : {"feishu:", "dingtalk:", "mcp:"})
        known = known || (principal.identity.starts_with(platform) && principal.identity.size() > platform.size());
    if (!known)
        item.error("user: \"" + principal.identity + "\" is nobody's identity",
                   "write feishu:ou_… or dingtalk:…, or leave it out and give mcp: [" + principal.name +
                       "] a role in `access`");
}

void readPrincipals(const YamlCursor& value, McpConfig& config) {
    std::set<std::string> names, tokens;
    for (const auto& item : value.items("principals")) {
        McpPrincipalConfig principal;
        rules::decodeFields<McpPrincipalConfig>(item, "principals", principalFields, principal);
        if (principal.identity.empty()) principal.identity = "mcp:" + principal.name;
        check(item, principal);
        if (!names.insert(principal.name).second)
            item.error("principals: \"" + principal.name + "\" is there twice", "choose another name");
        if (!tokens.insert(principal.token).second && !principal.token.empty())
            item.error("principals: two of them have the same token", "make one for each");
        config.principals.push_back(std::move(principal));
    }
}

constexpr Field<McpConfig> mcpFields[] = {
    {"principals", readPrincipals},
    {"hosts", [](const YamlCursor& v, McpConfig& m) { m.hosts = rules::values(v.texts("hosts")); }},
};
// clang-format on

}  // namespace

void readMcp(const YamlCursor& value, Config& config) {
    rules::decodeFields<McpConfig>(value, "mcp", mcpFields, config.mcp);
}

void checkMcp(const YamlCursor& root, const Config& config) {
    for (const auto& principal : config.mcp.principals) {
        if (principal.confirmIn.empty()) continue;
        auto channel = std::ranges::find(config.channels, principal.confirmIn, &ChannelConfig::name);
        if (channel == config.channels.end())
            root.error("confirm_in: there is no channel \"" + principal.confirmIn + "\"", "add it to `channels`");
        else if (channel->app.empty())
            root.error("confirm_in: nobody can press a button in the channel \"" + principal.confirmIn + "\"",
                       "name one that has an `app`");
    }
}

}  // namespace klaw::app
