#pragma once

#include <memory>
#include <string>

#include "notifiers/dingtalk/app.hpp"
#include "notifiers/people.hpp"

namespace klaw::notifiers::dingtalk {

inline constexpr Duration kKeepPeople = 6h;

/// A person by userid. NotFound where the organisation has nobody of that id.
Task<Result<PersonEntry>> askPerson(std::shared_ptr<App> app, std::string userId);

}  // namespace klaw::notifiers::dingtalk
