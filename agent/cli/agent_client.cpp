#include "agent/cli/agent_client.hpp"

#include <pwd.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/app/data_directory.hpp"
#include "agent/cli/commands.hpp"
#include "base/async/loop.hpp"
#include "base/async/task_group.hpp"
#include "base/net/http_client.hpp"

namespace klaw::cli {
namespace {

Result<net::HttpResponse> post(net::HttpRequest request) {
    Loop loop;
    net::HttpClient client(loop, {});
    Result<net::HttpResponse> answer = fail(ErrorCode::Internal, "no answer");
    TaskGroup tasks(loop,
                    [&](const std::string&, const std::string& what) { answer = fail(ErrorCode::Internal, what); });
    auto send = [](net::HttpClient& through, net::HttpRequest what, Result<net::HttpResponse>& into) -> Task<void> {
        into = co_await through.send(std::move(what), 60s);
    };
    tasks.spawn("request", send(client, std::move(request), answer));
    loop.runUntil([&] { return tasks.empty(); }, 90s);
    return answer;
}

}  // namespace

std::string userName() {
    const auto* user = getpwuid(geteuid());
    return user ? user->pw_name : std::to_string(geteuid());
}

Result<AgentAddress> findAgent(const std::string& configFile, const std::string& data) {
    auto config = configFrom(configFile);
    if (!config) return fail(std::move(config).error());
    auto directory = dataOf(data, *config);
    bool demoOnly = data.empty() && configFile.empty() && !app::DataDirectory::readAddress(directory);
    if (demoOnly && app::DataDirectory::readAddress(app::demoDataDirectory())) directory = app::demoDataDirectory();
    auto token = app::DataDirectory::readToken(directory);
    if (!token) return fail(std::move(token).error());
    auto address = app::DataDirectory::readAddress(directory);
    if (!address) return fail(std::move(address).error());
    return AgentAddress{std::move(*address), std::move(*token)};
}

Result<AgentAnswer> askAgent(const AgentAddress& agent, const std::string& command, const std::string& language,
                             const std::string& attachment) {
    net::HttpRequest request("POST", agent.url + "/api/do");
    request.headers.add("Content-Type", "application/json");
    request.headers.add("Authorization", "Bearer " + agent.token);
    nlohmann::json body{
        {"command", command}, {"identity", userName()}, {"language", language}, {"attachment", attachment}};
    request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    auto response = post(std::move(request));
    if (!response) {
        auto error = std::move(response).error();
        if (error.remedy.empty()) error.remedy = "is the agent running? `klaw agent` or `klaw run` starts it";
        return fail(std::move(error));
    }
    auto answer = nlohmann::json::parse(response->body, nullptr, false);
    if (!answer.is_object()) return AgentAnswer{false, "the agent answered " + std::to_string(response->status) + "\n"};
    return AgentAnswer{answer.value("ok", false), answer.value("text", "")};
}

int show(const AgentAnswer& answer) {
    if (answer.ok)
        std::cout << answer.text << std::flush;
    else
        std::cerr << "klaw: " << answer.text << std::flush;
    return answer.ok ? 0 : 1;
}

}  // namespace klaw::cli
