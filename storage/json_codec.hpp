#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "rules/incident.hpp"
#include "rules/silence.hpp"

namespace klaw::storage {

// The `json` columns. Times are nanoseconds since 1970; what is empty or false is left out. Unknown fields
// are ignored, so that a step back to an older version of the program can read what a newer one wrote.

std::string toJson(const rules::Alert& alert);
std::string toJson(const rules::Incident& incident);  ///< without `alerts`
std::string toJson(const rules::Silence& silence);

/// DataLoss when the text is not what toJson() wrote.
Result<rules::Alert> alertFromJson(std::string_view json);
Result<rules::Incident> incidentFromJson(std::string_view json);
Result<rules::Silence> silenceFromJson(std::string_view json);

}  // namespace klaw::storage
