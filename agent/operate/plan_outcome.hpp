#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "agent/operate/plan.hpp"

namespace klaw::operate {

inline constexpr std::string_view fieldManager = "klaw";
/// The content type of a server-side apply.
inline constexpr auto applyType = "application/apply-patch+yaml";

/// When Klaw applied an object last, as it says itself; empty: never.
std::string appliedAt(const nlohmann::json& object);

/// A refusal of the API server with what helps against it, where it does not say so itself. Of a Secret without the
/// words of the server where they may quote a value.
Error explained(const Plan& plan, Error error);

/// Whether a change whose answer was lost has been made, by the object that `Plan::evidence` names as it is now.
bool isApplied(const Plan& plan, const Result<std::string>& evidence);

/// Conflict when `expectation` (that of an earlier plan, or a UID alone) is about another object or another state of
/// it: the message says who changed it, and when.
Result<void> stillExpected(const Plan& plan, const std::string& expectation, TimePoint now);

/// What `--expect` is given to undo the plan, so that it holds as long as nobody changes the object again. `answer`:
/// the object (JSON) as the plan left it; empty for another one.
std::string expectationAfter(const Plan& plan, const std::string& answer);

/// A plan without the object as it was and without the texts it sets, of which digests are enough for isApplied(): to
/// be kept while it is carried out.
std::string toJson(const Plan& plan);
Result<Plan> planFromJson(const std::string& json);

}  // namespace klaw::operate
