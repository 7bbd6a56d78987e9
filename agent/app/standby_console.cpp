#include "agent/app/standby_console.hpp"

#include <nlohmann/json.hpp>

namespace klaw::app {

std::string StandbyConsole::sentence() const {
    auto state = state_();
    auto text = state.leader.empty() ? std::string("this replica is a standby, and it is not known who leads")
                                     : "this replica is a standby: " + state.leader + " leads";
    return state.trouble.empty() ? text : text + " (" + state.trouble + ")";
}

serve::ConsoleBackend::Readiness StandbyConsole::readiness() {
    auto state = state_();
    Readiness readiness{state.cachesAreWarm, state.cachesAreWarm ? "ready\n" : "not ready\n"};
    readiness.text += sentence() + "\n" + state.clusters;
    return readiness;
}

std::string StandbyConsole::stateJson() {
    return nlohmann::json{{"standby", true}, {"text", sentence()}}.dump(-1, ' ', false,
                                                                        nlohmann::json::error_handler_t::replace);
}

Task<void> StandbyConsole::stateNewerThan(std::uint64_t, TimePoint) {
    co_return;
}

Task<serve::ConsoleBackend::Answer> StandbyConsole::execute(std::string, std::string, std::string, std::string) {
    co_return Answer{false, sentence() + "; ask that one"};
}

Task<Result<serve::ConsoleBackend::Offered>> StandbyConsole::offer(std::string, std::string, std::string) {
    co_return fail(ErrorCode::Unavailable, sentence(), {}, "ask that one");
}

Task<serve::ConsoleBackend::Answer> StandbyConsole::press(std::string, std::string, std::string) {
    co_return Answer{false, sentence() + "; ask that one"};
}

Task<Result<void>> StandbyConsole::receiveAlerts(std::string, std::string) {
    co_return fail(ErrorCode::Unavailable, sentence(), {}, "send it to that one");
}

net::ServerResponse StandbyConsole::elsewhere(const std::string& trouble) const {
    auto response = net::ServerResponse::text(503, sentence() + (trouble.empty() ? "" : "; " + trouble) + "\n");
    response.headers.add("Retry-After", "1");
    return response;
}

Task<net::ServerResponse> StandbyConsole::chatCallback(net::ServerRequest, std::string, std::string) {
    co_return elsewhere();
}

Task<net::ServerResponse> StandbyConsole::mcp(net::ServerRequest) {
    co_return elsewhere();
}

}  // namespace klaw::app
