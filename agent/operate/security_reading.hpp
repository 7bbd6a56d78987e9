#pragma once

#include <string>

#include "agent/operate/control.hpp"
#include "agent/security/auditor.hpp"

namespace klaw::operate {

/// Asks a cluster for everything that a security audit looks at, as far as the caller may read it, page by page. What
/// could not be read is part of the findings. Of Secrets only names, types and certificates are kept, and the bytes of
/// a value never leave this function. An Error where the API server does not answer at all. `ns`: only of this one.
Task<Result<security::Findings>> readFindings(Control& control, Caller caller, std::string cluster, std::string ns);

}  // namespace klaw::operate
