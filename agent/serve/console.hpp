#pragma once

#include <string>

#include "base/async/loop_clock.hpp"
#include "base/async/task.hpp"
#include "base/net/http_server.hpp"
#include "base/result.hpp"

namespace klaw::serve {

/// What the built-in server shows and passes on.
class ConsoleBackend {
public:
    virtual ~ConsoleBackend() = default;
    virtual std::string metrics() = 0;
    /// A line for each thing that keeps the agent from being ready or is degraded; `ready` decides the status code.
    struct Readiness {
        bool ready = false;
        std::string text;
    };
    virtual Readiness readiness() = 0;
    /// Whether it is to this one that what changes something is sent.
    virtual bool leads() const { return true; }
    /// What the page shows, as JSON; `version` grows with every change of it.
    virtual std::string stateJson() = 0;
    virtual std::uint64_t stateVersion() const = 0;
    /// Ends when the state is newer than `version`, or at a time.
    virtual Task<void> stateNewerThan(std::uint64_t version, TimePoint until) = 0;

    struct Answer {
        bool ok = false;
        std::string text;
    };
    /// Carries a command out for somebody who has shown the token. `attachment`: a text that goes with it, or empty.
    virtual Task<Answer> execute(std::string identity, std::string command, std::string language,
                                 std::string attachment) = 0;
    struct Offered {
        std::string nonce;
        std::string preview;
    };
    /// A one-time permission to carry out this very command, with what it would do.
    virtual Task<Result<Offered>> offer(std::string identity, std::string command, std::string language) = 0;
    virtual Task<Answer> press(std::string identity, std::string nonce, std::string language) = 0;
    virtual const std::string& token() const = 0;
    /// A payload of Alertmanager's webhook, for alerts that name no cluster themselves. Ends when they are durable;
    /// InvalidArgument for another payload, any other Error when the sender must send it again.
    virtual Task<Result<void>> receiveAlerts(std::string body, std::string cluster) = 0;
    /// What a chat platform posts to the application of that name; `rest`: what follows its own path. The proof of
    /// where it comes from is in the request.
    virtual Task<net::ServerResponse> chatCallback(net::ServerRequest request, std::string app, std::string rest) = 0;
    /// A message of the Model Context Protocol; whose it is, its own token says.
    virtual Task<net::ServerResponse> mcp(net::ServerRequest request) = 0;
    /// Shown by Alertmanager instead of the token; empty: nobody but the token's holder may send.
    virtual const std::string& receiverToken() const = 0;
};

/// Routes: /metrics, /healthz, /livez (the same), /readyz, /leader (200 at the replica that leads), / (the page),
/// /api/state, /api/do, /api/offer, /api/press, /api/alertmanager, /callback/APP (chat platforms), /mcp (programs with
/// a token of their own). Everything else that changes something, and everything asked from other machines but health
/// and metrics, needs the token as bearer.
net::HttpServer::Handler consoleHandler(ConsoleBackend& backend, LoopClock& clock);

}  // namespace klaw::serve
