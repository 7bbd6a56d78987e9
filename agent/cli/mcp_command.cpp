#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <semaphore>
#include <thread>

#include "agent/app/version.hpp"
#include "agent/cli/agent_client.hpp"
#include "agent/cli/commands.hpp"
#include "agent/mcp/stdio_session.hpp"
#include "base/async/loop.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/net/http_client.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::cli {
namespace {

/// Longer than any command works for one answer.
constexpr Duration longestAnswer = 75s;
/// How often a client that has closed its end is looked for.
constexpr Duration lookEvery = 500ms;
/// Lines that were read and not yet looked at.
constexpr std::ptrdiff_t mostLines = 64;
constexpr Duration forEver = 100'000h;

Result<AgentAddress> addressOf(const McpOptions& options) {
    if (options.url.empty()) return findAgent(options.config, options.data);
    std::ifstream in(options.tokenFile);
    std::string token;
    if (!std::getline(in, token) || token.empty())
        return fail(ErrorCode::NotFound, "there is no token in it", options.tokenFile,
                    "put the principal's token there");
    auto url = options.url;
    while (url.ends_with('/')) url.pop_back();
    return AgentAddress{std::move(url), std::move(token)};
}

/// Passes what a client writes on standard input on to the agent, and its answers back, each as soon as it is there.
class Bridge {
public:
    explicit Bridge(McpOptions options)
        : options_(std::move(options)),
          clock_(loop_),
          client_(loop_, {}),
          inputEnded_(loop_),
          tasks_(loop_, [](const std::string& name, const std::string& what) {
              std::cerr << "klaw: " << name << ": " << what << std::endl;
          }) {}

    /// False where answers were owed in the end.
    bool run() {
        std::thread reader([this] { read(); });
        tasks_.spawn("input", untilInputEnds());
        // Connections that are kept for another request are work as well.
        loop_.runUntil([this] { return tasks_.empty(); }, forEver);
        reader.join();
        return !owing_;
    }

private:
    void read() {
        for (std::string line; nextLine(line);) {
            room_.acquire();
            loop_.post([this, line] {
                take(line);
                room_.release();
            });
        }
        loop_.post([this] {
            ended_ = true;
            inputEnded_.notify();
        });
    }

    /// Of a longer one only so much that it is refused.
    static bool nextLine(std::string& line) {
        line.clear();
        bool any = false;
        for (int c = std::getchar(); c != EOF; c = std::getchar()) {
            if (c == '\n') return true;
            any = true;
            if (line.size() <= mcp::longestMessage) line += static_cast<char>(c);
        }
        return any;
    }

    void take(const std::string& line) {
        auto step = session_.take(line);
        if (auto* reply = std::get_if<mcp::StdioSession::Reply>(&step)) write(reply->line);
        if (auto* forward = std::get_if<mcp::StdioSession::Forward>(&step))
            tasks_.spawn("request", pass(std::move(*forward)));
    }

    static void write(const std::string& line) { std::cout << line << "\n" << std::flush; }

    /// Whether nobody can read what would be written.
    static bool outputIsGone() {
        pollfd out{STDOUT_FILENO, 0, 0};
        return !std::cout || (::poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0);
    }

    Task<void> untilInputEnds() {
        auto ended = [this] { return ended_; };
        co_await inputEnded_.until(ended);
        auto answered = [this] { return session_.waiting() == 0; };
        auto until = clock_.now() + longestAnswer;
        while (!answered() && clock_.now() < until && !outputIsGone())
            co_await inputEnded_.until(answered, clock_, clock_.now() + lookEvery);
        owing_ = !answered();
        if (owing_) std::cerr << "klaw: " << session_.waiting() << " request(s) got no answer" << std::endl;
        if (underWay_ > 0) std::_Exit(owing_ ? 1 : 0);  // nobody waits for what would still come
    }

    Task<void> pass(mcp::StdioSession::Forward forward) {
        ++underWay_;
        auto id = forward.message.id;
        auto answer = co_await ask(std::move(forward));
        if (session_.wants(id)) write(answer);
        --underWay_;
        inputEnded_.notify();
    }

    net::HttpRequest requestOf(const AgentAddress& agent, const mcp::StdioSession::Forward& forward) const {
        const auto& message = forward.message;
        net::HttpRequest request("POST", agent.url + "/mcp");
        request.headers.add("Content-Type", "application/json");
        request.headers.add("Accept", "application/json, text/event-stream");
        request.headers.add("Authorization", "Bearer " + agent.token);
        request.headers.add("User-Agent", "klaw/" + std::string(app::programVersion));
        request.headers.add("Klaw-User", userName());
        request.headers.add("Klaw-Allow-Changes", options_.allowChanges ? "true" : "false");
        if (!options_.principal.empty()) request.headers.add("Klaw-Principal", options_.principal);
        if (!session_.client().empty()) request.headers.add("Klaw-Client", headerOf(session_.client()));
        if (forward.era == mcp::Era::Stateless) addStateless(request, message);
        mcp::Json body{{"jsonrpc", "2.0"}, {"id", message.id}, {"method", message.method}, {"params", message.params}};
        request.body = mcp::onOneLine(body);
        return request;
    }

    /// No header carries anything else.
    static std::string headerOf(std::string text) {
        for (auto& c : text)
            if (c < ' ' || c > '~') c = '?';
        return text;
    }

    static void addStateless(net::HttpRequest& request, const mcp::Message& message) {
        request.headers.add("MCP-Protocol-Version", std::string(mcp::statelessVersion));
        request.headers.add("Mcp-Method", headerOf(message.method));
        auto name = textAt(message.params, "name");
        if (message.method == "tools/call") request.headers.add("Mcp-Name", headerOf(std::move(name)));
    }

    static std::string failure(const mcp::Json& id, const Error& error) {
        mcp::Refusal refusal{mcp::Code::Internal, error.describe(), {}, id};
        return mcp::onOneLine(mcp::errorOf(refusal));
    }

    Task<std::string> ask(mcp::StdioSession::Forward forward) {
        const auto id = forward.message.id;
        auto agent = addressOf(options_);
        if (!agent) co_return failure(id, agent.error());
        auto request = requestOf(*agent, forward);
        auto response = co_await client_.send(std::move(request), longestAnswer);
        if (!response) {
            auto error = std::move(response).error();
            if (error.remedy.empty()) error.remedy = "is the agent running? `klaw agent` or `klaw run` starts it";
            co_return failure(id, error);
        }
        auto answer = parsedJson<mcp::Json>(response->body);
        bool answers = answer.is_object() && answer.contains("jsonrpc") && at(answer, "id") == id;
        if (answers) co_return mcp::onOneLine(answer);
        auto why = textAt(at(answer, "error"), "message");
        if (why.empty()) why = "the agent answered " + std::to_string(response->status);
        Error error(ErrorCode::Unavailable, std::move(why));
        co_return failure(id, error);
    }

    McpOptions options_;
    Loop loop_;
    SystemLoopClock clock_;
    net::HttpClient client_;
    mcp::StdioSession session_;
    LoopCondition inputEnded_;
    TaskGroup tasks_;
    std::counting_semaphore<mostLines> room_{mostLines};
    std::size_t underWay_ = 0;
    bool ended_ = false;
    bool owing_ = false;
};

}  // namespace

int mcpCommand(const McpOptions& options) {
    Bridge bridge(options);
    return bridge.run() ? 0 : 1;
}

}  // namespace klaw::cli
