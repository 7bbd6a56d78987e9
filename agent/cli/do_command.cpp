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

std::string userName() {
    const auto* user = getpwuid(geteuid());
    return user ? user->pw_name : std::to_string(geteuid());
}

std::string joined(const std::vector<std::string>& words) {
    if (words.size() == 1) return words.front();
    std::string text;
    for (const auto& word : words) {
        bool blank = word.find(' ') != std::string::npos;
        text += (text.empty() ? "" : " ") + (blank ? "\"" + word + "\"" : word);
    }
    return text;
}

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

int doCommand(const DoOptions& options) {
    auto config = configFrom(options.config);
    if (!config) return refuse(config.error());
    auto directory = dataOf(options.data, *config);
    bool demoOnly = options.data.empty() && options.config.empty() && !app::DataDirectory::readAddress(directory);
    if (demoOnly && app::DataDirectory::readAddress(app::demoDataDirectory())) directory = app::demoDataDirectory();
    auto token = app::DataDirectory::readToken(directory);
    if (!token) return refuse(token.error());
    auto address = app::DataDirectory::readAddress(directory);
    if (!address) return refuse(address.error());
    net::HttpRequest request("POST", *address + "/api/do");
    request.headers.add("Content-Type", "application/json");
    request.headers.add("Authorization", "Bearer " + *token);
    nlohmann::json body{{"command", joined(options.words)}, {"identity", userName()}, {"language", options.language}};
    request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    auto response = post(std::move(request));
    if (!response) {
        auto error = std::move(response).error();
        if (error.remedy.empty()) error.remedy = "is the agent running? `klaw agent` or `klaw run` starts it";
        return refuse(error);
    }
    auto answer = nlohmann::json::parse(response->body, nullptr, false);
    auto text =
        answer.is_object() ? answer.value("text", "") : "the agent answered " + std::to_string(response->status) + "\n";
    if (answer.is_object() && answer.value("ok", false)) {
        std::cout << text << std::flush;
        return 0;
    }
    std::cerr << "klaw: " << text << std::flush;
    return 1;
}

}  // namespace klaw::cli
