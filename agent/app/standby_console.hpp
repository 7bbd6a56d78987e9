#pragma once

#include <functional>
#include <string>

#include "agent/serve/console.hpp"

namespace klaw::app {

/// What a replica answers that does not lead: who does, and nothing that only the leader may do. What senders must send
/// again gets 503.
class StandbyConsole final : public serve::ConsoleBackend {
public:
    struct State {
        std::string leader;  ///< empty: not known
        std::string trouble;
        bool cachesAreWarm = false;
        std::string clusters;  ///< a line for each thing that is not well
    };
    StandbyConsole(std::function<State()> state, std::function<std::string()> metrics, const std::string& token)
        : state_(std::move(state)), metrics_(std::move(metrics)), token_(token) {}

    std::string metrics() override { return metrics_(); }
    Readiness readiness() override;
    bool leads() const override { return false; }
    std::string stateJson() override;
    std::uint64_t stateVersion() const override { return 0; }
    Task<void> stateNewerThan(std::uint64_t version, TimePoint until) override;
    Task<Answer> execute(std::string identity, std::string command, std::string language,
                         std::string attachment) override;
    Task<Result<Offered>> offer(std::string identity, std::string command, std::string language) override;
    Task<Answer> press(std::string identity, std::string nonce, std::string language) override;
    const std::string& token() const override { return token_; }
    Task<Result<void>> receiveAlerts(std::string body, std::string cluster) override;
    Task<net::ServerResponse> chatCallback(net::ServerRequest request, std::string app, std::string rest) override;
    Task<net::ServerResponse> mcp(net::ServerRequest request) override;
    const std::string& receiverToken() const override { return noToken_; }
    /// 503 with who leads, to be tried again; `trouble`: why it was not passed on.
    net::ServerResponse elsewhere(const std::string& trouble = {}) const;

private:
    std::string sentence() const;

    std::function<State()> state_;
    std::function<std::string()> metrics_;
    const std::string& token_;
    std::string noToken_;
};

}  // namespace klaw::app
