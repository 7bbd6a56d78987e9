#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include "base/async/loop.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"
#include "base/net/byte_stream.hpp"
#include "base/net/http_client.hpp"
#include "base/net/http_server.hpp"

namespace klaw::net::test {

/// A loop on the test's own thread, and tasks that must not fail.
class NetTest : public testing::Test {
protected:
    NetTest() : tasks(loop, [](std::string name, std::string what) { ADD_FAILURE() << name << ": " << what; }) {}
    ~NetTest() override;

    /// Runs the loop until the task has ended, and gives its result.
    template <class T>
    T run(Task<T> task) {
        std::optional<T> result;
        tasks.spawn("test", storeResult(std::move(task), result));
        EXPECT_TRUE(loop.runUntil([&] { return result.has_value(); })) << "the task did not end";
        return std::move(result.value());
    }
    void run(Task<void> task);

    Result<HttpResponse> send(HttpClient& client, HttpRequest request, Duration timeout = 5s) {
        return run(client.send(std::move(request), timeout));
    }
    Result<HttpResponse> get(const std::string& url) {
        HttpClient client(loop, HttpClientOptions());
        return send(client, HttpRequest("GET", url));
    }
    Result<std::unique_ptr<HttpBodyStream>> open(HttpClient& client, HttpRequest request, Duration timeout = 5s) {
        return run(client.open(std::move(request), timeout));
    }
    Result<std::string> readAll(HttpBodyStream& body, std::size_t pieceSize = 4096);

    Loop loop;
    TaskGroup tasks;

private:
    template <class T>
    static Task<void> storeResult(Task<T> task, std::optional<T>& result) {
        result.emplace(co_await std::move(task));
    }
};

/// A server that does what its script says with each connection; scripts of a server run one after the other.
class RawServer {
public:
    using Script = std::function<Task<void>(ByteStream&)>;
    RawServer(Loop& loop, TaskGroup& tasks, Script script);

    std::uint16_t port() const { return port_; }
    std::string url(const std::string& path = "/") const;
    int connections() const { return *connections_; }

private:
    std::shared_ptr<boost::asio::ip::tcp::acceptor> acceptor_;
    std::shared_ptr<int> connections_ = std::make_shared<int>(0);
    std::uint16_t port_ = 0;
};

/// Reads up to the end of a request head and gives it.
Task<std::string> readRequestHead(ByteStream& stream);
/// A script that answers every request of every connection with these bytes; closes after the last.
RawServer::Script answering(std::vector<std::string> answers);

/// A listening server with a handler, and its URL.
class RunningServer {
public:
    RunningServer(Loop& loop, HttpServer::Handler handler, HttpServerOptions options = HttpServerOptions());

    std::string url(const std::string& path = "/") const;
    HttpServer& server() { return server_; }
    std::uint16_t port() const { return port_; }

private:
    bool tls_;
    HttpServer server_;
    std::uint16_t port_ = 0;
};

/// A handler that gives the same answer to every request.
HttpServer::Handler always(ServerResponse response);

}  // namespace klaw::net::test
