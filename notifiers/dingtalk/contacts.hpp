#pragma once

#include <memory>
#include <string>

#include "notifiers/dingtalk/app.hpp"
#include "notifiers/people.hpp"

namespace klaw::notifiers::dingtalk {

inline constexpr Duration kKeepPeople = 6h;
/// Permissions rest on it: whoever leaves a department must lose them soon.
inline constexpr Duration kKeepDepartments = 1h;

/// A person by userid. NotFound where the organisation has nobody of that id.
Task<Result<PersonEntry>> askPerson(std::shared_ptr<App> app, std::string userId);

/// The same person's departments and those above them; "1" is the organisation.
Task<Result<PersonEntry>> askDepartments(std::shared_ptr<App> app, std::string userId);

/// The name of a department.
Task<Result<std::string>> askDepartmentName(std::shared_ptr<App> app, std::string id);

}  // namespace klaw::notifiers::dingtalk
