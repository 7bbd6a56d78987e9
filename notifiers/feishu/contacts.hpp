#pragma once

#include <memory>
#include <string>

#include "notifiers/feishu/app.hpp"
#include "notifiers/people.hpp"

namespace klaw::notifiers::feishu {

inline constexpr Duration kKeepPeople = 24h;
/// Permissions rest on it: whoever leaves a department must lose them soon.
inline constexpr Duration kKeepDepartments = 1h;

/// A person by open_id, as far as the application's scopes show them. NotFound where there is nobody of that id in its
/// range.
Task<Result<PersonEntry>> askPerson(std::shared_ptr<App> app, std::string openId);

/// The same person's departments and those above them, as far as they are in the application's range: each by its
/// open_department_id and by the department_id that the tenant gave it. Within the whole tenant everybody is in "0".
Task<Result<PersonEntry>> askDepartments(std::shared_ptr<App> app, std::string openId);

/// The name of a department, by either id.
Task<Result<std::string>> askDepartmentName(std::shared_ptr<App> app, std::string id);

}  // namespace klaw::notifiers::feishu
