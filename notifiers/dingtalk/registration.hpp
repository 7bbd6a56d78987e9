#pragma once

#include <string>

#include "base/net/http_client.hpp"
#include "notifiers/dingtalk/app.hpp"

namespace klaw::notifiers::dingtalk {

/// Asks for one opening of Stream mode: an address with a ticket, a secret for 90 seconds. Unauthenticated for wrong
/// credentials, InvalidArgument where the application has no Stream mode or is not published.
Task<Result<std::string>> registerStream(net::HttpClient& client, TimePoint now, AppOptions app);

}  // namespace klaw::notifiers::dingtalk
