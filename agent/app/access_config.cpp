#include "agent/app/access_config.hpp"

#include <algorithm>

#include "agent/app/config_values.hpp"
#include "agent/app/safety_config.hpp"
#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

/// "feishu_chat: [oc_1]" → "feishu:oc_1"
void addPrefixed(const YamlCursor& value, std::string_view key, std::vector<std::string>& into) {
    auto platform = key.substr(0, key.find('_'));
    for (const auto& id : rules::values(value.texts(key))) into.push_back(std::string(platform) + ":" + id);
}

bool isDepartmentId(std::string_view id, bool dingtalk) {
    auto fits = [&](char c) {
        bool digit = c >= '0' && c <= '9';
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '@' || c == '.';
        return digit || (letter && !dingtalk);
    };
    return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, fits);
}

void addDepartments(const YamlCursor& value, std::string_view key, access::Binding& binding) {
    bool dingtalk = key.starts_with("dingtalk");
    for (const auto& id : rules::values(value.texts(key))) {
        if (!isDepartmentId(id, dingtalk))
            value.error(std::string(key) + ": \"" + id + "\" is no id of a department",
                        dingtalk ? "write its number, for example 42; 1 is the whole organisation"
                                 : "write its open_department_id (od-…) or department_id; 0 is the whole tenant");
        binding.departments.push_back(std::string(key) + ":" + id);
    }
}

// clang-format off
constexpr Field<access::RoleRule> roleRuleFields[] = {
    {"may", [](const YamlCursor& v, access::RoleRule& r) { r.may = rules::values(v.texts("may")); }},
    {"clusters", [](const YamlCursor& v, access::RoleRule& r) { r.clusters = rules::values(v.texts("clusters")); }},
    {"namespaces", [](const YamlCursor& v, access::RoleRule& r) { r.namespaces = rules::values(v.texts("namespaces")); }},
    {"resources", [](const YamlCursor& v, access::RoleRule& r) { r.resources = rules::values(v.texts("resources")); }},
    {"names", [](const YamlCursor& v, access::RoleRule& r) { r.names = rules::values(v.texts("names")); }},
};

constexpr Field<access::Role> roleFields[] = {
    {"name", [](const YamlCursor& v, access::Role& r) { r.name = v.text("name").value; }},
    {"rules", [](const YamlCursor& v, access::Role& r) {
        for (const auto& item : v.items("rules"))
            rules::decodeFields<access::RoleRule>(item, "rules", roleRuleFields, r.rules.emplace_back());
    }},
    {"groups", [](const YamlCursor& v, access::Role& r) { r.groups = readGroups(v); }},
};

constexpr Field<access::Binding> accessFields[] = {
    {"name", [](const YamlCursor& v, access::Binding& b) { b.name = v.text("name").value; }},
    {"feishu", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "feishu", b.identities); }},
    {"dingtalk", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "dingtalk", b.identities); }},
    {"mcp", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "mcp", b.identities); }},
    {"feishu_chat", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "feishu_chat", b.chats); }},
    {"dingtalk_chat", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "dingtalk_chat", b.chats); }},
    {"feishu_department", [](const YamlCursor& v, access::Binding& b) { addDepartments(v, "feishu_department", b); }},
    {"dingtalk_department", [](const YamlCursor& v, access::Binding& b) { addDepartments(v, "dingtalk_department", b); }},
    {"role", [](const YamlCursor& v, access::Binding& b) { b.role = v.text("role").value; }},
    {"clusters", [](const YamlCursor& v, access::Binding& b) { b.clusters = rules::values(v.texts("clusters")); }},
    {"namespaces", [](const YamlCursor& v, access::Binding& b) { b.namespaces = rules::values(v.texts("namespaces")); }},
    {"groups", [](const YamlCursor& v, access::Binding& b) { b.groups = readGroups(v); }},
};
// clang-format on

/// Whoever may give roles can give himself every one.
void checkRole(const YamlCursor& item, const access::Role& role, const Config& config) {
    auto sameName = [&](const access::Role& other) { return other.name == role.name; };
    if (role.name.empty()) item.error("a role without a name", "add `name`: `access` refers to it");
    if (std::ranges::any_of(access::builtInRoles(), sameName) || std::ranges::any_of(config.roles, sameName))
        item.error("there is a role \"" + role.name + "\" already", "choose another name");
    for (const auto& rule : role.rules) {
        if (rule.may.empty()) item.error("a rule of a role that allows nothing", "add `may`: [read, restart]");
        for (const auto& what : rule.may)
            if (what != "*" && access::matchesPattern(what, "access"))
                item.error("may: only an admin gives roles", "leave out \"" + what + "\"");
    }
}

}  // namespace

void readRoles(const rules::YamlCursor& value, Config& config) {
    for (const auto& item : value.items("roles")) {
        access::Role role;
        rules::decodeFields<access::Role>(item, "roles", roleFields, role);
        checkRole(item, role, config);
        config.roles.push_back(std::move(role));
    }
}

void readAccess(const rules::YamlCursor& value, Config& config) {
    for (const auto& item : value.items("access")) {
        access::Binding binding;
        rules::decodeFields<access::Binding>(item, "access", accessFields, binding);
        if (binding.identities.empty() && binding.chats.empty() && binding.departments.empty())
            item.error("access for nobody",
                       "add `feishu`, `dingtalk`, `feishu_chat`, `dingtalk_chat`, `feishu_department` or "
                       "`dingtalk_department`");
        config.bindings.push_back(std::move(binding));
    }
}

void checkBindings(const rules::YamlCursor& root, const Config& config) {
    access::Policy policy({}, config.roles);
    std::string names;
    for (const auto& role : policy.roles()) names += (names.empty() ? "" : ", ") + role.name;
    for (const auto& binding : config.bindings)
        if (!policy.role(binding.role))
            root.error("access: there is no role \"" + binding.role + "\"", "one of " + names);
    access::Policy named(config.bindings);
    for (auto type : {ChannelConfig::Type::Feishu, ChannelConfig::Type::DingTalk}) {
        std::string platform = type == ChannelConfig::Type::Feishu ? "feishu" : "dingtalk";
        bool there = std::ranges::find(config.apps, type, &AppConfig::type) != config.apps.end();
        if (!there && named.namesDepartments(platform))
            root.error("access: no application can ask who is in a " + platform + "_department",
                       "add one of the type " + platform + " to `apps`");
    }
}

}  // namespace klaw::app
