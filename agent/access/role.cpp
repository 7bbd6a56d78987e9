#include "agent/access/role.hpp"

#include <algorithm>

namespace klaw::access {

const std::vector<Role>& builtInRoles() {
    static const std::vector<Role> roles{
        {"viewer", {{{"read"}, {}, {}, {}, {}}}},
        {"operator", {{{"read", "alerts", "workloads"}, {}, {}, {}, {}}}},
        {"admin", {{{"*"}, {}, {}, {}, {}}}},
    };
    return roles;
}

std::string_view lowestRole(std::string_view permission) {
    for (const auto& role : builtInRoles())
        if (matchesAny(role.rules.front().may, permission)) return role.name;
    return builtInRoles().back().name;
}

/// Goes back to the last `*` where the rest does not fit: linear in the text for each of them.
bool matchesPattern(std::string_view pattern, std::string_view text) {
    std::size_t inPattern = 0, inText = 0, star = pattern.npos, resume = 0;
    while (inText < text.size()) {
        if (inPattern < pattern.size() && pattern[inPattern] == '*') {
            star = inPattern++;
            resume = inText;
        } else if (inPattern < pattern.size() && pattern[inPattern] == text[inText]) {
            ++inPattern, ++inText;
        } else if (star != pattern.npos) {
            inPattern = star + 1;
            inText = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', inPattern) == pattern.npos;
}

bool matchesAny(const std::vector<std::string>& patterns, std::string_view text) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matchesPattern(pattern, text); });
}

}  // namespace klaw::access
