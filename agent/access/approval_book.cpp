#include "agent/access/approval_book.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/text/json_fields.hpp"

namespace klaw::access {
namespace {

using Json = nlohmann::json;
using State = Approval::State;

constexpr std::array<std::pair<State, std::string_view>, 6> stateNames{{{State::Waiting, "waiting"},
                                                                        {State::Approved, "approved"},
                                                                        {State::Refused, "refused"},
                                                                        {State::Withdrawn, "withdrawn"},
                                                                        {State::Expired, "expired"},
                                                                        {State::Failed, "failed"}}};

std::optional<State> stateFrom(std::string_view text) {
    for (const auto& [state, name] : stateNames)
        if (name == text) return state;
    return std::nullopt;
}

Json toJson(const Approval::Part& part) {
    Json json{{"verb", part.verb},
              {"written", part.written},
              {"permission", part.permission},
              {"cluster", part.place.cluster},
              {"ns", part.place.ns},
              {"resource", part.place.resource},
              {"object", part.place.name}};
    if (part.replicas) json["replicas"] = *part.replicas;
    return json;
}

Approval::Part partFrom(const Json& json) {
    Approval::Part part;
    part.verb = textAt(json, "verb");
    part.written = textAt(json, "written");
    part.permission = textAt(json, "permission");
    part.place = {textAt(json, "cluster"), textAt(json, "ns"), textAt(json, "resource"), textAt(json, "object"), false};
    part.replicas = integerAt(json, "replicas");
    return part;
}

/// Nothing for what is no approval: one that cannot be read cannot be approved.
std::optional<Approval> fromText(std::string id, const std::string& text) {
    auto json = parsedJson<Json>(text);
    auto state = stateFrom(textAt(json, "state"));
    auto expires = parseRfc3339(textAt(json, "expiresAt"));
    Approval approval;
    approval.id = std::move(id);
    approval.verb = textAt(json, "verb");
    approval.place = {textAt(json, "cluster"), textAt(json, "ns"), textAt(json, "resource"), textAt(json, "object"),
                      false};
    for (const auto& part : at(json, "parts")) approval.parts.push_back(partFrom(part));
    if (approval.parts.empty()) approval.parts.push_back(partFrom(json));  // of a version that kept only one
    approval.command = textAt(json, "command");
    approval.attachment = textAt(json, "attachment");
    approval.summary = textAt(json, "summary");
    approval.target = textAt(json, "target");
    approval.identity = textAt(json, "identity");
    approval.name = textAt(json, "name");
    approval.chat = textAt(json, "chat");
    approval.language = textAt(json, "language");
    approval.via = textAt(json, "via");
    approval.claim = textAt(json, "claim");
    approval.departments = textsAt(json, "departments");
    approval.incident = textAt(json, "incident");
    approval.replyTo = textAt(json, "replyTo");
    approval.card = textAt(json, "card");
    approval.askedAt = parseRfc3339(textAt(json, "askedAt")).value_or(TimePoint());
    approval.decidedBy = textAt(json, "decidedBy");
    approval.decidedAt = parseRfc3339(textAt(json, "decidedAt")).value_or(TimePoint());
    bool whole = state && expires && !approval.verb.empty() && !approval.command.empty() && !approval.identity.empty();
    if (!whole) return std::nullopt;
    approval.state = *state;
    approval.expiresAt = *expires;
    return approval;
}

}  // namespace

Request Approval::requestOf(const Part& part, std::string identity, std::string chat, Membership membership) {
    Request request{std::move(identity), std::move(chat), part.verb,
                    part.permission,     part.place,      std::move(membership)};
    request.replicas = part.replicas;
    request.command = part.written;
    return request;
}

std::string_view toString(State state) {
    for (const auto& [each, name] : stateNames)
        if (each == state) return name;
    return "failed";
}

storage::MetaEntry ApprovalBook::entryOf(const Approval& approval) {
    Json json{{"verb", approval.verb},
              {"cluster", approval.place.cluster},
              {"ns", approval.place.ns},
              {"resource", approval.place.resource},
              {"object", approval.place.name},
              {"command", approval.command},
              {"attachment", approval.attachment},
              {"summary", approval.summary},
              {"target", approval.target},
              {"identity", approval.identity},
              {"name", approval.name},
              {"chat", approval.chat},
              {"language", approval.language},
              {"via", approval.via},
              {"claim", approval.claim},
              {"departments", approval.departments},
              {"incident", approval.incident},
              {"replyTo", approval.replyTo},
              {"card", approval.card},
              {"askedAt", formatRfc3339(approval.askedAt)},
              {"expiresAt", formatRfc3339(approval.expiresAt)},
              {"state", toString(approval.state)}};
    for (const auto& part : approval.parts) json["parts"].push_back(toJson(part));
    if (approval.state != State::Waiting) {
        json["decidedBy"] = approval.decidedBy;
        json["decidedAt"] = formatRfc3339(approval.decidedAt);
    }
    return {std::string(keyPrefix) + approval.id, json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

void ApprovalBook::restore(const Meta& meta) {
    for (auto at = meta.lower_bound(keyPrefix); at != meta.end() && at->first.starts_with(keyPrefix); ++at)
        if (auto approval = fromText(at->first.substr(keyPrefix.size()), at->second)) noted(std::move(*approval));
}

std::vector<storage::MetaEntry> ApprovalBook::forgetOld(TimePoint now) {
    constexpr Duration known = 24h;
    std::vector<storage::MetaEntry> removed;
    std::erase_if(approvals_, [&](const auto& entry) {
        const auto& approval = entry.second;
        bool old = approval.state != State::Waiting && approval.decidedAt + known <= now;
        if (old) removed.push_back({std::string(keyPrefix) + approval.id, {}});
        return old;
    });
    return removed;
}

Result<Approval> ApprovalBook::find(std::string_view idPrefix) const {
    auto found = approvals_.lower_bound(std::string(idPrefix));
    bool known = !idPrefix.empty() && found != approvals_.end() && found->first.starts_with(idPrefix);
    if (!known)
        return fail(ErrorCode::NotFound, "nothing with the id \"" + std::string(idPrefix) + "\" waits for approval", {},
                    "`approvals` lists what waits");
    auto next = std::next(found);
    if (next != approvals_.end() && next->first.starts_with(idPrefix))
        return fail(ErrorCode::InvalidArgument, "several approvals begin like \"" + std::string(idPrefix) + "\"", {},
                    "write more of the id");
    return found->second;
}

}  // namespace klaw::access
