#pragma once

#include <string>

#include "base/net/http_server.hpp"
#include "notifiers/inbound.hpp"

namespace klaw::notifiers {

/// The way in by HTTP: the platform posts to an address of ours, and whoever else finds that address may try as well.
class InboundCallback : public InboundConnection {
public:
    /// Nothing longer is looked at.
    static constexpr std::size_t longestBody = 1024 * 1024;

    /// `rest`: what follows the application's own path, for an application with several addresses. Whatever is refused
    /// is counted, and told no reason.
    virtual Task<net::ServerResponse> receive(net::ServerRequest request, std::string rest) = 0;

protected:
    /// 401 for everything that lacks the proof of the platform: it does not say which one.
    static net::ServerResponse refusal(int status = 401) {
        return net::ServerResponse::json(status, R"({"code":)" + std::to_string(status) + R"(,"msg":"refused"})");
    }
};

}  // namespace klaw::notifiers
