#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/mcp/era.hpp"
#include "agent/mcp/outcome.hpp"
#include "agent/mcp/tool.hpp"
#include "agent/operate/caller.hpp"
#include "base/async/task.hpp"

namespace klaw::mcp {

/// Whom a credential stands for.
struct Principal {
    std::string name;        ///< of the configuration; empty: the holder of the data directory's token
    operate::Caller caller;  ///< their permissions are the ceiling, and the audit log names them
    bool changes = false;    ///< may plan changes and ask people to confirm them
};

/// What a principal may use.
struct Rights {
    std::vector<const Tool*> tools;
    std::vector<std::string_view> planned;  ///< verbs whose changes they may plan
};

/// Who carries calls out. On the loop thread; outlives the server.
class Host {
public:
    virtual ~Host() = default;
    virtual Task<Rights> rightsOf(Principal principal) = 0;
    /// By its arguments as they came; what the principal may not do is refused and recorded, also for a tool that they
    /// do not have.
    virtual Task<Outcome> call(Principal principal, const Tool& tool, Json arguments) = 0;
};

/// The protocol: one request in, one answer out. It remembers nothing between them, so any agent can answer any.
class Server {
public:
    Server(Host& host, std::string version) : host_(host), version_(std::move(version)) {}

    /// Nothing for a notification, which has nothing to say here.
    Task<std::optional<Json>> answer(Principal principal, Message message, Headers headers = {}) const;

private:
    using Reply = std::variant<Json, Refusal>;
    Json identity() const;
    Reply handshake(const Message& message) const;
    Reply discovery() const;
    Task<Reply> reply(Principal principal, const Message& message, Era era) const;
    Task<Json> listTools(Principal principal) const;
    Task<Reply> callTool(Principal principal, const Message& message) const;

    Host& host_;
    std::string version_;
};

}  // namespace klaw::mcp
