#pragma once

#include <memory>
#include <string>

#include "notifiers/dingtalk/app.hpp"

namespace klaw::notifiers::dingtalk {

/// Whether the application's robot is in the group.
Task<Result<bool>> askWhetherInGroup(std::shared_ptr<App> app, std::string conversation);

/// PermissionDenied where the application may not change cards. Asks about a card that there is not.
Task<Result<void>> askWhetherCardsMayBeChanged(std::shared_ptr<App> app);

/// PermissionDenied where the robot may not write to people, or not ring them. Asks about nobody.
Task<Result<void>> askWhetherPeopleMayBeWrittenTo(std::shared_ptr<App> app);
Task<Result<void>> askWhetherPeopleMayBeRung(std::shared_ptr<App> app);

}  // namespace klaw::notifiers::dingtalk
