#pragma once

#include "agent/access/access.hpp"
#include "agent/operate/catalogue.hpp"

namespace klaw::operate {

/// What somebody must be allowed for a command, before anything is looked up: the object of a change is still open, and
/// reads of a cluster are judged where they reach it.
access::Request requiredAccess(const Control& control, const Verb& verb, const CommandLine& line, const Caller& caller);

}  // namespace klaw::operate
