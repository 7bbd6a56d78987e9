#pragma once

#include "agent/app/config.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

/// `approvals`: which changes need a second person.
void readApprovals(const rules::YamlCursor& value, Config& config);
/// `limits`: how much may be changed.
void readLimits(const rules::YamlCursor& value, Config& config);
/// `exec`: which commands may be run in containers.
void readExec(const rules::YamlCursor& value, Config& config);
/// `reveal`: which values of Secrets may be shown in private.
void readReveal(const rules::YamlCursor& value, Config& config);
/// `groups` of Kubernetes, of an entry of `access` or a role: not those that Kubernetes keeps for itself.
std::vector<std::string> readGroups(const rules::YamlCursor& value);
/// `remediation`: what Klaw does by itself.
void readRemediation(const rules::YamlCursor& value, Config& config);
/// `audit`: what the log has, and for how long.
void readAudit(const rules::YamlCursor& value, Config& config);
/// Whether the people and roles of `approvals` exist.
void checkApprovers(const rules::YamlCursor& root, const Config& config);

}  // namespace klaw::app
