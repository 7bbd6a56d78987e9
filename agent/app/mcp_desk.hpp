#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access/gate.hpp"
#include "agent/app/command_desk.hpp"
#include "agent/app/config.hpp"
#include "agent/app/mcp_plans.hpp"
#include "agent/mcp/server.hpp"
#include "base/async/loop_clock.hpp"
#include "base/net/http_server.hpp"
#include "base/net/token_bucket.hpp"

namespace klaw::app {

/// Where programs ask, by the Model Context Protocol: they read as the person whom the configuration names, by the same
/// desk as that person's chat, and plan changes, which only people confirm. On the loop thread.
class McpDesk final : public mcp::Host {
public:
    /// How it reaches people.
    struct People {
        /// In which departments somebody is.
        std::function<Task<access::Membership>(std::string identity)> membership;
        /// Shows the card of a plan to those whom the principal's configuration names, once it is durable with the
        /// record of that; an Error where it names nobody who can be reached, or nothing was stored.
        std::function<Task<Result<void>>(McpPrincipalConfig principal, std::string card, Answered answered,
                                         storage::AuditEntry entry)>
            ask;
    };
    using Record = std::function<Task<void>(storage::AuditEntry entry)>;

    /// References outlive the desk.
    McpDesk(LoopClock& clock, Random& random, operate::Control& control, access::Gate& gate, CommandDesk& commands,
            People people, Record record);

    void follow(const McpConfig& config, std::string language);
    /// Whom a request stands for by its token, and what its headers say of the way it came. `ownToken`: that of the
    /// data directory, whose holder may speak for any principal.
    std::optional<mcp::Principal> identify(const net::ServerRequest& request, std::string_view ownToken) const;

    /// What was said of a change later than its press: by its card.
    void heard(const Answered& answer);

    Task<mcp::Rights> rightsOf(mcp::Principal principal) override;
    Task<mcp::Outcome> call(mcp::Principal principal, const mcp::Tool& tool, mcp::Json arguments) override;

private:
    const McpPrincipalConfig* configOf(std::string_view name) const;
    mcp::Principal principalOf(const McpPrincipalConfig& config) const;
    bool mayRead(const mcp::Tool& tool, const operate::Caller& caller) const;
    bool mayPlan(std::string_view verb, const operate::Caller& caller) const;
    bool within(std::map<std::string, net::TokenBucket>& buckets, unsigned anHour, const mcp::Principal& principal);
    Task<Answered> execute(const mcp::Principal& principal, const mcp::ToolCommand& command, Extent extent);
    Task<mcp::Outcome> read(mcp::Principal principal, const mcp::Tool& tool, mcp::ToolCommand command);
    Task<mcp::Outcome> plan(mcp::Principal principal, mcp::ToolCommand command);
    Task<mcp::Outcome> apply(mcp::Principal principal, std::string id);
    Task<mcp::Outcome> ask(mcp::Principal principal, std::string id);
    mcp::Outcome stateOutcome(const McpPlan& plan) const;
    Task<mcp::Outcome> refused(const mcp::Principal& principal, std::string verb, std::string command, std::string why);
    Result<void> stillMay(const McpPlan& plan, const operate::Caller& caller) const;
    std::optional<std::string> voided(const std::string& card);
    void noteRead(const std::string& principal, std::string what);
    std::string lately(const std::string& principal) const;
    Answered cardOf(const McpPlan& plan) const;
    void pressed(const std::string& card, const operate::Caller& by, const Answered& answer);
    storage::AuditEntry entryOf(const operate::Caller& caller, std::string_view verb, std::string_view decision,
                                const std::string& command, const std::string& result) const;

    LoopClock& clock_;
    operate::Control& control_;
    access::Gate& gate_;
    CommandDesk& commands_;
    People people_;
    Record record_;
    McpConfig config_;
    std::string language_ = "en";
    McpPlans plans_;
    std::map<std::string, net::TokenBucket> planned_, asked_;  ///< of the last hour, by principal
    /// What it has read lately, the latest last.
    struct Reading {
        std::string what;
        TimePoint at;
    };
    std::map<std::string, std::vector<Reading>> readings_;  ///< by principal
};

}  // namespace klaw::app
