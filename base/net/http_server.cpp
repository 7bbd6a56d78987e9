#include "base/net/http_server.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <list>

#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/net/server_connection.hpp"
#include "base/net/tcp_stream.hpp"
#include "base/net/tls_stream.hpp"

namespace klaw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto asTuple = asio::as_tuple(asio::use_awaitable);
constexpr Duration handshakeTimeout = 10s;
constexpr Duration deadClientAfter = 60s;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{} failed: {}", name, what);
}

Error explainListen(const error_code& error, const std::string& place) {
    if (error == asio::error::address_in_use)
        return Error(ErrorCode::Conflict, "the port is in use by another program", place,
                     "Choose another port, or stop that program (ss -ltnp shows it)");
    if (error == asio::error::access_denied)
        return Error(ErrorCode::PermissionDenied, "this user may not listen on the port", place,
                     "Choose a port above 1023");
    return Error(ErrorCode::Unavailable, "cannot listen: " + error.message(), place, "Check address and port");
}

}  // namespace

/// What the tasks of the server share; outlives the server when that is destroyed before them.
struct HttpServer::Core {
    using Entries = std::list<ServerConnection*>;  // the oldest first; null during the TLS handshake

    Core(Loop& l, HttpServerOptions options, Handler handler)
        : loop(l), context(std::make_shared<ServerContext>()), acceptor(l.executor()), changed(l) {
        context->options = std::move(options);
        context->handler = std::move(handler);
    }

    Result<std::uint16_t> bind();
    void closeAcceptor();
    void closeIdle();
    void closeOldestIdle();
    bool full() const { return entries.size() >= context->options.maxConnections; }

    Loop& loop;
    std::shared_ptr<ServerContext> context;
    tcp::acceptor acceptor;
    TlsContext tls;
    LoopCondition changed;
    Entries entries;
};

namespace {

/// A place in the list of connections for as long as it lives.
class Registration {
public:
    explicit Registration(std::shared_ptr<HttpServer::Core> core)
        : core_(std::move(core)), place_(core_->entries.insert(core_->entries.end(), nullptr)) {}
    ~Registration() {
        core_->entries.erase(place_);
        core_->changed.notify();
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    void set(ServerConnection* connection) { *place_ = connection; }

private:
    std::shared_ptr<HttpServer::Core> core_;
    HttpServer::Core::Entries::iterator place_;
};

Task<void> serveSocket(std::shared_ptr<HttpServer::Core> core, tcp::socket socket, std::string remoteAddress) {
    Registration registration(core);
    tuneSocket(socket, deadClientAfter);
    std::shared_ptr<ByteStream> stream;
    if (core->tls) {
        Expiry expiry(core->loop.executor());
        expiry.arm(std::min(handshakeTimeout, core->context->options.idleTimeout));
        auto secured = co_await acceptTls(std::move(socket), core->tls, expiry);
        if (!secured) spdlog::debug("{}: {}", remoteAddress, secured.error().describe());
        if (!secured) co_return;
        stream = std::move(*secured);
    } else {
        stream = std::make_shared<TcpStream>(std::move(socket));
    }
    ServerConnection connection(core->context, std::move(stream), std::move(remoteAddress));
    registration.set(&connection);
    co_await connection.serve();
}

/// Waits until somebody wants to connect and there is room.
Task<error_code> awaitClient(std::shared_ptr<HttpServer::Core> core) {
    auto outcome = co_await core->acceptor.async_wait(tcp::acceptor::wait_read, asTuple);
    auto error = std::get<0>(outcome);
    if (error || !core->full()) co_return error;
    core->context->crowded = true;
    core->closeOldestIdle();
    std::function<bool()> room = [raw = core.get()] { return !raw->full() || raw->context->stopping; };
    co_await core->changed.until(std::move(room));
    core->context->crowded = false;
    co_return error_code();
}

/// `tasks` belongs to the server, which sets `stopping` before it goes.
Task<void> acceptClients(std::shared_ptr<HttpServer::Core> core, TaskGroup& tasks) {
    for (;;) {
        co_await awaitClient(core);
        if (core->context->stopping) co_return;
        auto outcome = co_await core->acceptor.async_accept(asTuple);
        if (core->context->stopping) co_return;
        auto& [error, socket] = outcome;
        if (error) {
            // Mostly too many open files: the client stays in the queue until others have gone.
            spdlog::warn("cannot accept a connection: {}", error.message());
            asio::steady_timer pause(core->loop.executor(), 100ms);
            co_await pause.async_wait(asTuple);
            if (core->context->stopping) co_return;
            continue;
        }
        error_code gone;
        auto remote = socket.remote_endpoint(gone);
        if (gone) continue;
        auto address = remote.address().to_string();
        auto name = "http connection from " + address + ":" + std::to_string(remote.port());
        tasks.spawn(std::move(name), serveSocket(core, std::move(socket), std::move(address)));
    }
}

}  // namespace

Result<std::uint16_t> HttpServer::Core::bind() {
    const auto& options = context->options;
    auto place = options.address + ":" + std::to_string(options.port);
    error_code error;
    auto address = asio::ip::make_address(options.address, error);
    if (error)
        return fail(ErrorCode::InvalidArgument, "not an IP address to listen on", place,
                    "Write for example 0.0.0.0 or ::");
    tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return acceptor.local_endpoint().port();
    closeAcceptor();
    return fail(explainListen(error, place));
}

void HttpServer::Core::closeAcceptor() {
    error_code ignored;
    acceptor.close(ignored);
}

void HttpServer::Core::closeIdle() {
    for (auto* connection : entries)
        if (connection != nullptr && connection->idle()) connection->stream().close();
}

void HttpServer::Core::closeOldestIdle() {
    for (auto* connection : entries) {
        if (connection == nullptr || !connection->idle()) continue;
        connection->stream().close();
        return;
    }
}

struct HttpServer::Impl {
    Impl(Loop& loop, HttpServerOptions options, Handler handler)
        : core(std::make_shared<Core>(loop, std::move(options), std::move(handler))), tasks(loop, reportFailure) {}

    std::shared_ptr<Core> core;
    TaskGroup tasks;
};

HttpServer::HttpServer(Loop& loop, HttpServerOptions options, Handler handler)
    : impl_(std::make_unique<Impl>(loop, std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() {
    impl_->core->context->stopping = true;
    impl_->core->closeAcceptor();
    impl_->core->closeIdle();
}

Result<std::uint16_t> HttpServer::listen() {
    auto& core = *impl_->core;
    const auto& options = core.context->options;
    if (!options.certificatePem.empty()) {
        auto tls = makeServerTlsContext(options.certificatePem, options.keyPem, options.clientCaPem);
        if (!tls) return fail(tls.error());
        core.tls = std::move(*tls);
    }
    auto port = core.bind();
    if (!port) return fail(port.error());
    impl_->tasks.spawn("http server on port " + std::to_string(*port), acceptClients(impl_->core, impl_->tasks));
    return port;
}

Task<void> HttpServer::stop(Duration grace) {
    auto core = impl_->core;
    core->context->stopping = true;
    core->closeAcceptor();
    core->closeIdle();
    core->changed.notify();
    Expiry expiry(core->loop.executor());
    expiry.arm(grace);
    expiry.setAction([raw = core.get()] { raw->changed.notify(); });
    std::function<bool()> ended = [&expiry, raw = core.get()] { return raw->entries.empty() || expiry.passed(); };
    co_await core->changed.until(std::move(ended));
    for (auto* connection : core->entries)
        if (connection != nullptr) connection->stream().abort();
    co_await impl_->tasks.stop();
}

}  // namespace klaw::net
