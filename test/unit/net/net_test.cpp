#include "test/unit/net/net_test.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/net/tcp_stream.hpp"

namespace klaw::net::test {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

Task<void> markEnd(Task<void> task, bool& ended) {
    co_await std::move(task);
    ended = true;
}

Task<Result<std::string>> collect(HttpBodyStream& body, std::size_t pieceSize) {
    std::string all;
    std::string piece(pieceSize, '\0');
    for (;;) {
        auto count = co_await body.readSome(piece);
        if (!count) co_return fail(count.error());
        if (*count == 0) co_return all;
        all.append(piece, 0, *count);
    }
}

Task<void> acceptScripted(std::shared_ptr<tcp::acceptor> acceptor, std::shared_ptr<int> connections,
                          RawServer::Script script) {
    for (;;) {
        auto outcome = co_await acceptor->async_accept(asio::as_tuple(asio::use_awaitable));
        auto& [error, socket] = outcome;
        if (error) co_return;
        ++*connections;
        TcpStream stream(std::move(socket));
        co_await script(stream);
        stream.close();
    }
}

Task<void> answerEach(ByteStream& stream, std::vector<std::string> answers) {
    for (const auto& answer : answers) {
        auto head = co_await readRequestHead(stream);
        if (head.empty()) co_return;
        co_await stream.writeAll(answer);
    }
}

Task<ServerResponse> give(ServerResponse response) {
    co_return response;
}

}  // namespace

NetTest::~NetTest() {
    run(tasks.stop());
}

void NetTest::run(Task<void> task) {
    bool ended = false;
    TaskGroup own(loop, [](std::string, std::string what) { ADD_FAILURE() << "the task failed: " << what; });
    own.spawn("test", markEnd(std::move(task), ended));
    EXPECT_TRUE(loop.runUntil([&] { return own.empty(); })) << "the task did not end";
}

Result<std::string> NetTest::readAll(HttpBodyStream& body, std::size_t pieceSize) {
    return run(collect(body, pieceSize));
}

RawServer::RawServer(Loop& loop, TaskGroup& tasks, Script script)
    : acceptor_(std::make_shared<tcp::acceptor>(loop.executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0))),
      port_(acceptor_->local_endpoint().port()) {
    tasks.spawn("raw server", acceptScripted(acceptor_, connections_, std::move(script)));
}

std::string RawServer::url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
}

Task<std::string> readRequestHead(ByteStream& stream) {
    std::string head;
    std::string byte(1, '\0');
    while (!head.ends_with("\r\n\r\n")) {
        auto outcome = co_await stream.readSome(byte);
        if (outcome.error) co_return std::string();
        head += byte;
    }
    co_return head;
}

RawServer::Script answering(std::vector<std::string> answers) {
    return [answers = std::move(answers)](ByteStream& stream) { return answerEach(stream, answers); };
}

RunningServer::RunningServer(Loop& loop, HttpServer::Handler handler, HttpServerOptions options)
    : tls_(!options.certificatePem.empty()), server_(loop, std::move(options), std::move(handler)) {
    auto port = server_.listen();
    if (!port) throw std::runtime_error(port.error().describe());
    port_ = *port;
}

std::string RunningServer::url(const std::string& path) const {
    return (tls_ ? "https" : "http") + ("://127.0.0.1:" + std::to_string(port_)) + path;
}

HttpServer::Handler always(ServerResponse response) {
    return [response = std::move(response)](ServerRequest) { return give(response); };
}

}  // namespace klaw::net::test
