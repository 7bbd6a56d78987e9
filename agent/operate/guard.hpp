#pragma once

#include <string>
#include <vector>

#include "agent/operate/control.hpp"
#include "agent/operate/impact.hpp"

namespace klaw::operate {

/// Whether a change stays within the limits of the configuration: what people should know before it is made, or
/// ResourceExhausted with the limit and what to do. A limit that cannot be looked at is not kept.
Task<Result<std::vector<std::string>>> guarded(Control& control, Caller caller, Plan plan, Impact impact);

}  // namespace klaw::operate
