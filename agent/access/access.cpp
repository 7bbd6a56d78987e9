#include "agent/access/access.hpp"

namespace klaw::access {

Decision decide(const Request& request) {
    if (request.identity.starts_with(localPrefix) && request.identity.size() > localPrefix.size())
        return {true, "holds the token of this agent"};
    if (request.identity.empty()) return {false, "nobody vouches for who is asking"};
    return {false, request.identity + " has no role that allows \"" + request.verb + "\""};
}

}  // namespace klaw::access
