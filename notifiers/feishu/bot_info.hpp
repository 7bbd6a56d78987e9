#pragma once

#include <memory>
#include <string>

#include "notifiers/feishu/app.hpp"

namespace klaw::notifiers::feishu {

struct BotInfo {
    std::string id;  ///< open_id
    std::string name;
};

/// The application's bot. NotFound where the application has none.
Task<Result<BotInfo>> askBot(std::shared_ptr<App> app);

}  // namespace klaw::notifiers::feishu
