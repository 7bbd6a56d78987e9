#pragma once

#include <string>

#include "agent/kube/exec_session.hpp"
#include "base/result.hpp"

namespace klaw::operate {

/// What came of a command in a container, as a Control answers.
std::string toJson(const kube::ExecOutcome& outcome);
/// DataLoss for a text that is none.
Result<kube::ExecOutcome> outcomeFromJson(const std::string& json);

/// "exit code 1", that it had not ended, or why that is not known.
std::string endOf(const kube::ExecOutcome& outcome, bool chinese);
/// What it wrote, for people: lines of valid UTF-8, masked for secrets, without what a terminal would interpret, cut
/// where it is long, which the last line then says. Empty for nothing.
std::string outputOf(const kube::ExecOutcome& outcome, bool chinese);

}  // namespace klaw::operate
