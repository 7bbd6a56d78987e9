#include "agent/access/grant_book.hpp"

#include <nlohmann/json.hpp>

#include "base/text/json_fields.hpp"

namespace klaw::access {
namespace {

using Json = nlohmann::json;

std::string toText(const Grant& grant) {
    const auto& binding = grant.binding;
    Json json{{"name", binding.name},
              {"identities", binding.identities},
              {"departments", binding.departments},
              {"role", binding.role},
              {"clusters", binding.clusters},
              {"namespaces", binding.namespaces},
              {"until", formatRfc3339(*binding.until)},
              {"by", grant.by},
              {"reason", grant.reason},
              {"at", formatRfc3339(grant.at)}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Nothing for what is no grant: one that cannot be read gives nobody anything.
std::optional<Grant> fromText(std::string id, const std::string& text) {
    auto json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    Grant grant;
    grant.id = std::move(id);
    grant.binding.name = textAt(json, "name");
    grant.binding.identities = textsAt(json, "identities");
    grant.binding.departments = textsAt(json, "departments");
    grant.binding.role = textAt(json, "role");
    grant.binding.clusters = textsAt(json, "clusters");
    grant.binding.namespaces = textsAt(json, "namespaces");
    grant.binding.until = parseRfc3339(textAt(json, "until"));
    grant.binding.grant = grant.id;
    grant.by = textAt(json, "by");
    grant.reason = textAt(json, "reason");
    grant.at = parseRfc3339(textAt(json, "at")).value_or(TimePoint());
    bool somebody = !grant.binding.identities.empty() || !grant.binding.departments.empty();
    bool whole = somebody && !grant.binding.role.empty() && grant.binding.until;
    return whole ? std::optional(std::move(grant)) : std::nullopt;
}

}  // namespace

void GrantBook::restore(const Meta& meta, TimePoint now) {
    for (auto at = meta.lower_bound(keyPrefix); at != meta.end() && at->first.starts_with(keyPrefix); ++at) {
        auto grant = fromText(at->first.substr(keyPrefix.size()), at->second);
        if (grant && now < *grant->binding.until) grants_[grant->id] = std::move(*grant);
    }
}

void GrantBook::add(Grant grant) {
    changes_.push_back({std::string(keyPrefix) + grant.id, toText(grant)});
}

Result<Grant> GrantBook::revoke(std::string_view idPrefix) {
    auto found = grants_.lower_bound(std::string(idPrefix));
    bool known = !idPrefix.empty() && found != grants_.end() && found->first.starts_with(idPrefix);
    if (!known)
        return fail(ErrorCode::NotFound, "there is no grant \"" + std::string(idPrefix) + "\"", {},
                    "`who` lists them with their ids");
    auto next = std::next(found);
    if (next != grants_.end() && next->first.starts_with(idPrefix))
        return fail(ErrorCode::InvalidArgument, "several grants begin like \"" + std::string(idPrefix) + "\"", {},
                    "write more of the id");
    changes_.push_back({std::string(keyPrefix) + found->first, {}});
    return found->second;
}

std::vector<storage::MetaEntry> GrantBook::takeChanges(TimePoint now) {
    for (const auto& [id, grant] : grants_)
        if (*grant.binding.until <= now) changes_.push_back({std::string(keyPrefix) + id, {}});
    return std::exchange(changes_, {});
}

void GrantBook::stored(const std::vector<storage::MetaEntry>& entries) {
    for (const auto& entry : entries) {
        auto id = entry.key.substr(keyPrefix.size());
        if (entry.value.empty())
            grants_.erase(id);
        else if (auto grant = fromText(id, entry.value))
            grants_[id] = std::move(*grant);
    }
}

}  // namespace klaw::access
