// Programs that ask by the Model Context Protocol, and the people whom they ask to confirm.
#include <spdlog/spdlog.h>

#include "agent/app/agent_run.hpp"
#include "agent/app/version.hpp"
#include "base/net/url.hpp"

namespace klaw::app {

void AgentRun::openMcp() {
    McpDesk::People people;
    people.membership = [this](std::string identity) { return chats_->membershipOf(std::move(identity)); };
    people.ask = [this](McpPrincipalConfig principal, std::string card, Answered answered, storage::AuditEntry entry) {
        return askPeople(std::move(principal), std::move(card), std::move(answered), std::move(entry));
    };
    auto record = [this](storage::AuditEntry entry) { return recordAsking(std::move(entry)); };
    mcp_ = std::make_unique<McpDesk>(clock_, random_, *control_, *access_, *commands_, std::move(people),
                                     std::move(record));
    mcpEndpoint_ = std::make_unique<mcp::HttpEndpoint>(
        mcp::Server(*mcp_, std::string(programVersion)),
        [this](const net::ServerRequest& request) { return mcp_->identify(request, data_.token()); });
}

Task<void> AgentRun::recordAsking(storage::AuditEntry entry) {
    std::vector<storage::AuditEntry> rows;
    rows.push_back(std::move(entry));
    auto stored = co_await flushed(std::move(rows));
    if (!stored) spdlog::error("not in the audit log: {}", stored.error().describe());
}

/// The card and the record of it are durable together, or there is neither.
Task<Result<void>> AgentRun::askPeople(McpPrincipalConfig principal, std::string card, Answered answered,
                                       storage::AuditEntry entry) {
    if (!storageTrouble_.empty()) co_return fail(ErrorCode::Unavailable, storageTrouble_);
    auto delivery = cardForPeople(principal, card, answered);
    if (!delivery) co_return fail(std::move(delivery).error());
    storage::UnitOfWork unit;
    unit.audit.push_back(std::move(entry));
    unit.newDeliveries.push_back(std::move(*delivery));
    auto stored = co_await flushedWith(std::move(unit));
    if (!stored) co_return fail(std::move(stored).error());
    co_return Result<void>();
}

/// In the chat that the configuration names, else to the person in whose name the program asks.
Result<storage::Delivery> AgentRun::cardForPeople(const McpPrincipalConfig& principal, const std::string& card,
                                                  const Answered& answered) const {
    for (const auto& channel : setup_.config.channels)
        if (channel.name == principal.confirmIn) return chats_->proposal(channel.app, channel.chat, card, answered);
    auto colon = principal.identity.find(':');
    auto app = chats_->applicationOf(principal.identity.substr(0, colon));
    if (app.empty())
        return fail(ErrorCode::NotFound, "nobody can be asked to confirm it", {},
                    "name a channel in `confirm_in` of the principal \"" + principal.name + "\"");
    return chats_->proposal(app, principal.identity.substr(colon + 1), card, answered);
}

Task<net::ServerResponse> AgentRun::mcp(net::ServerRequest request) {
    if (!mcpEndpoint_) co_return net::ServerResponse::text(503, "the agent is starting\n");
    mcp::AllowedHosts hosts{setup_.config.mcp.hosts};
    if (auto own = net::parseUrl(setup_.config.url)) hosts.names.push_back(own->host);
    co_return co_await mcpEndpoint_->handle(std::move(request), std::move(hosts));
}

}  // namespace klaw::app
