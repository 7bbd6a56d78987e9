#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "agent/mcp/era.hpp"

namespace klaw::mcp {

/// One client on standard input and output: what of its lines is passed on, in which era it speaks, and what it no
/// longer wants to hear.
class StdioSession {
public:
    /// A request to pass on.
    struct Forward {
        Message message;
        Era era = Era::Handshake;
    };
    /// What is answered here, a line.
    struct Reply {
        std::string line;
    };
    /// Nothing is to be done.
    struct Nothing {};
    /// More at once are refused.
    static constexpr std::size_t mostWaiting = 64;
    using Step = std::variant<Nothing, Reply, Forward>;

    Step take(std::string_view line);
    /// Whether the answer to a request is still wanted; it is then no longer waited for.
    bool wants(const Json& id);
    /// How many requests have no answer yet that is still wanted.
    std::size_t waiting() const { return waiting_.size(); }
    /// What the client said of itself, for calls of the handshake era.
    const std::string& client() const { return client_; }

private:
    Step pass(Message message);
    void cancel(const Message& message);

    std::optional<Era> era_;  ///< the first request decides
    std::string client_;
    std::multiset<std::string> waiting_;  ///< ids as JSON
};

}  // namespace klaw::mcp
