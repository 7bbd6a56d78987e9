#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "notifiers/feishu/app.hpp"

namespace klaw::notifiers::feishu {

struct Group {
    std::string id;  ///< oc_…
    std::string name;
};

/// The groups that the application's bot is in; the first thousand.
Task<Result<std::vector<Group>>> askGroups(std::shared_ptr<App> app);

/// The scopes that the tenant has granted. An Error where the platform does not tell.
Task<Result<std::set<std::string>>> askScopes(std::shared_ptr<App> app);

}  // namespace klaw::notifiers::feishu
