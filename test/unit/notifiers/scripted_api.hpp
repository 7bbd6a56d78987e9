#pragma once

#include <deque>
#include <nlohmann/json.hpp>

#include "base/net/http_server.hpp"
#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {

/// The API of a chat platform that gives a token, and answers by script: what is not planned is taken. On the loop
/// thread.
class ScriptedApi {
public:
    struct Request {
        std::string method;
        std::string path;
        nlohmann::json body;
    };
    /// `taken` is the body of an answer to what is taken, `token` that to what asks for a token.
    ScriptedApi(Loop& loop, std::string taken, std::string token)
        : taken_(std::move(taken)),
          token_(std::move(token)),
          server_(loop, net::HttpServerOptions(), [this](net::ServerRequest request) { return handle(request); }) {
        auto port = server_.listen();
        EXPECT_TRUE(port);
        url = "http://127.0.0.1:" + std::to_string(*port);
    }
    Task<void> stop() { co_await server_.stop(Duration{}); }

    /// The next call gets this.
    void answer(int status, const std::string& body, const std::string& retryAfter = {}) {
        auto response = net::ServerResponse::json(status, body);
        if (!retryAfter.empty()) response.headers.add("Retry-After", retryAfter);
        planned_.push_back(std::move(response));
    }
    /// The next call gets no answer; the connection is closed.
    void cut() {
        net::ServerResponse none;
        none.status = 0;
        planned_.push_back(std::move(none));
    }

    std::string url;
    std::vector<Request> requests;  ///< without those for tokens

private:
    Task<net::ServerResponse> handle(net::ServerRequest request) {
        auto path = std::string(request.path());
        if (path.find("oken") != path.npos) co_return net::ServerResponse::json(200, token_);
        requests.push_back({request.method, path, nlohmann::json::parse(request.body, nullptr, false)});
        if (planned_.empty()) co_return net::ServerResponse::json(200, taken_);
        auto response = std::move(planned_.front());
        planned_.pop_front();
        co_return response;
    }

    std::string taken_;
    std::string token_;
    std::deque<net::ServerResponse> planned_;
    net::HttpServer server_;
};

}  // namespace klaw::notifiers::test
