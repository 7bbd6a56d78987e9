#include "agent/access/reveal_rule.hpp"

#include "agent/access/role.hpp"

namespace klaw::access {

bool covers(const RevealRule& rule, const Place& place, std::string_view key) {
    auto fits = [](const std::vector<std::string>& patterns, std::string_view text) {
        return patterns.empty() || matchesAny(patterns, text);
    };
    return fits(rule.clusters, place.cluster) && fits(rule.namespaces, place.ns) && fits(rule.names, place.name) &&
           fits(rule.keys, key);
}

}  // namespace klaw::access
