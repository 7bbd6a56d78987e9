#pragma once

#include <string>
#include <string_view>

namespace klaw::access {

/// What somebody wants. The identity comes from the way in (token of the data directory, a platform's signature), never
/// from the text.
struct Request {
    std::string identity;  ///< "local:alice"
    std::string verb;
    std::string text;  ///< the command as typed
    bool changes = false;
};

struct Decision {
    bool allowed = false;
    std::string reason;  ///< sentence for people
};

/// Deny is the default. Who holds the token of the data directory is this machine's administrator and may do
/// everything; roles for people on chat platforms come with those platforms.
Decision decide(const Request& request);

inline constexpr std::string_view localPrefix = "local:";

}  // namespace klaw::access
