#pragma once

#include <string>
#include <vector>

#include "agent/operate/caller.hpp"
#include "agent/operate/command_line.hpp"
#include "agent/operate/control.hpp"
#include "agent/operate/plan.hpp"
#include "agent/operate/yaml_documents.hpp"
#include "base/async/task.hpp"

namespace klaw::operate {

/// Objects as they would be made or changed by server-side apply, a plan for each, with the permission that it needs;
/// in the namespace of the command (`-n`) where they name none. A plan without UID makes its object. Errors say the
/// line: InvalidArgument for what cannot be applied, or is there twice.
/// https://kubernetes.io/docs/reference/using-api/server-side-apply/
Task<Result<std::vector<Plan>>> appliedObjects(Control& control, Caller caller, std::string cluster, CommandLine line,
                                               std::vector<YamlDocument> documents);

}  // namespace klaw::operate
