#pragma once

#include <string>

#include "agent/operate/plan.hpp"

namespace klaw::operate {

/// Whether a change whose answer was lost has been made, by the object that `Plan::evidence` names as it is now.
bool isApplied(const Plan& plan, const Result<std::string>& evidence);

/// Conflict when `expectation` ("UID@GENERATION" or a UID) is about another object or an earlier specification: the
/// message says who changed it, and when.
Result<void> stillExpected(const Plan& plan, const std::string& expectation, TimePoint now);

/// A plan without the object as it was, to be kept while it is carried out.
std::string toJson(const Plan& plan);
Result<Plan> planFromJson(const std::string& json);

}  // namespace klaw::operate
