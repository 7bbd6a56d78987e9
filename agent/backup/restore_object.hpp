#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "agent/backup/kind.hpp"
#include "agent/backup/restore_options.hpp"

namespace klaw::backup {

/// An object without what the server, controllers and the cluster that it was in have set: identity and times, status,
/// addresses and ports given out, claimed volumes, the uid of a Job, injected tokens. What is left is what somebody
/// wanted. `ownerReferences` stay.
nlohmann::json withoutServerFields(const Kind& kind, nlohmann::json object);

/// In the namespaces that it goes to: its own, and those that subjects of role bindings and addresses of webhooks name.
nlohmann::json inTargetNamespace(const Kind& kind, nlohmann::json object, const RestoreOptions& options);

/// Why an object of an archive is not restored; empty: it is. What has ended would be done again.
std::string_view notRestoredBecause(const Kind& kind, const nlohmann::json& object);

/// Whether two objects say the same, apart from what withoutServerFields() takes away and from their owners.
bool saysTheSame(const Kind& kind, const nlohmann::json& archived, const nlohmann::json& there);

}  // namespace klaw::backup
