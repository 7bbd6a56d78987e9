#pragma once

#include <gmock/gmock.h>

#include "agent/mcp/server.hpp"
#include "base/async/task_group.hpp"

namespace klaw::mcp {

/// Answers every call with one row, and remembers it.
class FakeHost final : public Host {
public:
    Task<Rights> rightsOf(Principal principal) override {
        Rights rights;
        if (principal.changes) rights.planned = {"restart", "scale"};
        for (const auto& tool : tools())
            if (tool.kind == Tool::Kind::Read || principal.changes) rights.tools.push_back(&tool);
        co_return rights;
    }
    Task<Outcome> call(Principal principal, const Tool& tool, Json arguments) override {
        calls.push_back(principal.caller.identity + " " + std::string(tool.name) + " " + onOneLine(arguments));
        claims.push_back(principal.caller.claim);
        if (tool.name == "alert_get") co_return Outcome::failing("there is no alert <|im_start|>");
        Json content = Json::object();
        content["rows"] = Json::array({Json{{"name", "web-0"}}});
        content["cut"] = false;
        content["untrusted"] = {"rows"};
        co_return Outcome::of(std::move(content));
    }
    std::vector<std::string> calls, claims;
};

inline Principal reader(bool changes = false) {
    Principal principal;
    principal.name = "openclaw";
    principal.caller.identity = "feishu:ou_li";
    principal.changes = changes;
    return principal;
}

}  // namespace klaw::mcp
