#include "agent/mcp/stdio_session.hpp"

#include "base/text/json_fields.hpp"

namespace klaw::mcp {
namespace {

StdioSession::Reply refused(const Refusal& refusal) {
    return {onOneLine(errorOf(refusal))};
}

/// What does not fit the era in which the session began.
std::optional<Refusal> strayed(const Message& message, Era era) {
    if (era == Era::Handshake && hasEnvelope(message))
        return Refusal{
            Code::InvalidRequest, "this session began with `initialize`: requests have no envelope", {}, message.id};
    if (era == Era::Stateless && message.method == "initialize")
        return unsupportedVersion(message.id, at(message.params, "protocolVersion"));
    if (era == Era::Stateless && !hasEnvelope(message)) {
        auto wrong = eraOf(message, Headers{false, std::string(statelessVersion), {}, {}});
        if (auto* refusal = std::get_if<Refusal>(&wrong)) return *refusal;
    }
    return std::nullopt;
}

}  // namespace

StdioSession::Step StdioSession::take(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == line.npos) return Nothing{};
    auto parsed = parseMessage(line);
    if (auto* refusal = std::get_if<Refusal>(&parsed)) return refused(*refusal);
    auto* message = std::get_if<Message>(&parsed);
    if (!message) return Nothing{};
    if (message->notification()) {
        if (message->method == "notifications/cancelled") cancel(*message);
        return Nothing{};
    }
    return pass(std::move(*message));
}

StdioSession::Step StdioSession::pass(Message message) {
    if (era_)
        if (auto wrong = strayed(message, *era_)) return refused(*wrong);
    auto spoken = eraOf(message);
    if (auto* refusal = std::get_if<Refusal>(&spoken)) return refused(*refusal);
    if (waiting_.size() >= mostWaiting)
        return refused(Refusal{Code::InvalidRequest,
                               std::to_string(mostWaiting) + " requests wait for their answers already",
                               {},
                               message.id});
    // A ping may come before anything else.
    if (!era_ && message.method != "ping") era_ = std::get<Era>(spoken);
    if (message.method == "initialize") client_ = clientOf(at(message.params, "clientInfo"));
    waiting_.insert(onOneLine(message.id));
    return Forward{std::move(message), std::get<Era>(spoken)};
}

void StdioSession::cancel(const Message& message) {
    auto known = waiting_.find(onOneLine(at(message.params, "requestId")));
    if (known != waiting_.end()) waiting_.erase(known);
}

bool StdioSession::wants(const Json& id) {
    auto known = waiting_.find(onOneLine(id));
    if (known == waiting_.end()) return false;
    waiting_.erase(known);
    return true;
}

}  // namespace klaw::mcp
