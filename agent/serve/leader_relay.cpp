#include "agent/serve/leader_relay.hpp"

#include <algorithm>
#include <array>

namespace klaw::serve {
namespace {

/// A request that has it is passed on no further: while the lead changes, two replicas may take each other for the
/// leader.
constexpr std::string_view passedOn = "Klaw-Passed-On";

/// A question of a program may take as long as the API server that it is about.
constexpr Duration patience = 60s;

/// Of one connection, not of the message: RFC 9110, section 7.6.1. Lengths are written anew. `Host` stays: it is by the
/// name that the sender used that the leader judges who asks.
bool isOfConnection(std::string_view name) {
    constexpr std::array<std::string_view, 9> names{"Connection", "Keep-Alive",     "Proxy-Connection",
                                                    "TE",         "Trailer",        "Transfer-Encoding",
                                                    "Upgrade",    "Content-Length", "Expect"};
    return std::ranges::any_of(names, [&](auto each) { return net::equalsIgnoringCase(each, name); });
}

}  // namespace

LeaderRelay::LeaderRelay(Loop& loop, std::function<std::string()> leader)
    : client_(loop, net::HttpClientOptions()), leader_(std::move(leader)) {}

bool LeaderRelay::passes(const net::ServerRequest& request) {
    auto path = request.path();
    bool isForTheLeader = path == "/mcp" || path == "/api/alertmanager" || path.starts_with("/callback/");
    return isForTheLeader && !request.headers.get(passedOn);
}

Task<Result<net::ServerResponse>> LeaderRelay::pass(net::ServerRequest request) {
    auto leader = leader_();
    if (leader.empty()) co_return fail(ErrorCode::Unavailable, "it is not known where the leader is");
    net::HttpRequest passed(request.method, leader + request.target);
    for (const auto& [name, value] : request.headers.all())
        if (!isOfConnection(name)) passed.headers.add(name, value);
    auto before = request.headers.get("X-Forwarded-For");
    passed.headers.set("X-Forwarded-For", (before ? std::string(*before) + ", " : "") + request.remoteAddress);
    passed.headers.set(std::string(passedOn), "1");
    passed.body = std::move(request.body);
    auto answer = co_await client_.send(std::move(passed), patience);
    if (!answer) co_return fail(ErrorCode::Unavailable, "the leader does not answer: " + answer.error().message);
    net::ServerResponse response;
    response.status = answer->status;
    for (const auto& [name, value] : answer->headers.all())
        if (!isOfConnection(name) && !net::equalsIgnoringCase(name, "Content-Encoding"))
            response.headers.add(name, value);
    response.body = std::move(answer->body);
    co_return response;
}

}  // namespace klaw::serve
