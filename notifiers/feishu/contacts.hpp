#pragma once

#include <memory>
#include <string>

#include "notifiers/feishu/app.hpp"
#include "notifiers/people.hpp"

namespace klaw::notifiers::feishu {

inline constexpr Duration kKeepPeople = 24h;

/// A person by open_id, as far as the application's scopes show them. NotFound where there is nobody of that id in its
/// range.
Task<Result<PersonEntry>> askPerson(std::shared_ptr<App> app, std::string openId);

}  // namespace klaw::notifiers::feishu
