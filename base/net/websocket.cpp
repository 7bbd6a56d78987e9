#include "base/net/websocket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>

#include "base/net/connector.hpp"

namespace klaw::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

/// Our streams as Beast wants them: compiled once, for TCP and TLS.
struct StreamFacade {
    using executor_type = asio::any_io_executor;

    executor_type get_executor() { return stream->executor(); }

    template <class Buffers, class Handler>
    auto async_read_some(const Buffers& buffers, Handler&& handler) {
        auto start = [](auto completion, ByteStream* from, asio::mutable_buffer into) {
            from->asyncReadSome(into, std::move(completion));
        };
        return asio::async_initiate<Handler, void(error_code, std::size_t)>(start, handler, stream.get(),
                                                                            firstOf<asio::mutable_buffer>(buffers));
    }
    template <class Buffers, class Handler>
    auto async_write_some(const Buffers& buffers, Handler&& handler) {
        auto start = [](auto completion, ByteStream* to, asio::const_buffer from) {
            to->asyncWriteSome(from, std::move(completion));
        };
        return asio::async_initiate<Handler, void(error_code, std::size_t)>(start, handler, stream.get(),
                                                                            firstOf<asio::const_buffer>(buffers));
    }

    std::shared_ptr<ByteStream> stream;

private:
    /// A stream may take less than was given: the first buffer that is not empty.
    template <class Buffer, class Buffers>
    static Buffer firstOf(const Buffers& buffers) {
        for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at)
            if (Buffer buffer(*at); buffer.size() > 0) return buffer;
        return {};
    }
};

void beast_close_socket(StreamFacade& facade) {
    facade.stream->abort();
}

void teardown(beast::role_type, StreamFacade& facade, error_code& error) {
    facade.stream->close();
    error = {};
}

template <class Handler>
void async_teardown(beast::role_type, StreamFacade& facade, Handler&& handler) {
    facade.stream->close();
    asio::post(facade.get_executor(), beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
}

namespace {

constexpr auto asTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t pieceBytes = 64 * 1024;
/// A peer that takes nothing must not fill the memory.
constexpr std::size_t maxUnsentBytes = 16u << 20;

class BeastWebSocket final : public WebSocket, public std::enable_shared_from_this<BeastWebSocket> {
public:
    BeastWebSocket(std::shared_ptr<ByteStream> stream, std::string origin, std::size_t maxMessageBytes)
        : ws_(StreamFacade{std::move(stream)}), origin_(std::move(origin)), maxMessageBytes_(maxMessageBytes) {
        ws_.read_message_max(0);  // too long ones are dropped by receive()
        ws_.control_callback([this](websocket::frame_type, beast::string_view) { ++heard_; });
    }

    Task<error_code> upgrade(std::string host, std::string target, HttpHeaders headers,
                             websocket::response_type& response) {
        auto decorate = [fields = std::move(headers)](websocket::request_type& request) {
            for (const auto& [name, value] : fields.all()) request.erase(name);
            for (const auto& [name, value] : fields.all()) request.insert(name, value);  // one may be there twice
        };
        ws_.set_option(websocket::stream_base::decorator(std::move(decorate)));
        auto outcome = co_await ws_.async_handshake(response, host, target, asTuple);
        co_return std::get<0>(outcome);
    }

    Task<Result<WebSocketMessage>> receive() override;
    void send(WebSocketMessage message) override;
    void ping() override;
    std::uint64_t heard() const override { return heard_; }
    Task<void> close(Duration within) override;
    void abort() override {
        ended_ = true;
        ws_.next_layer().stream->abort();
    }

private:
    void sendNext();
    Error ended(const error_code& error);

    websocket::stream<StreamFacade, false> ws_;
    std::string origin_;
    std::size_t maxMessageBytes_;
    std::deque<WebSocketMessage> unsent_;
    std::size_t unsentBytes_ = 0;
    bool sending_ = false;
    bool pinging_ = false;
    bool ended_ = false;
    std::uint64_t heard_ = 0;
};

Task<Result<WebSocketMessage>> BeastWebSocket::receive() {
    auto self = shared_from_this();
    WebSocketMessage message;
    beast::flat_buffer piece;
    std::size_t total = 0;
    do {
        piece.clear();
        auto outcome = co_await ws_.async_read_some(piece, pieceBytes, asTuple);
        if (auto error = std::get<0>(outcome)) co_return fail(ended(error));
        ++heard_;
        total += piece.size();
        if (total <= maxMessageBytes_) message.data.append(static_cast<const char*>(piece.data().data()), piece.size());
    } while (!ws_.is_message_done());
    message.binary = ws_.got_binary();
    if (total > maxMessageBytes_)
        co_return fail(ErrorCode::ResourceExhausted, "a message of " + std::to_string(total) + " bytes is dropped",
                       origin_);
    co_return message;
}

Error BeastWebSocket::ended(const error_code& error) {
    ended_ = true;
    if (error == asio::error::operation_aborted) return {ErrorCode::Cancelled, "the connection was ended", origin_};
    std::string what = describeIoError(error);
    if (error == websocket::error::closed) {
        what = "the other side said goodbye (" + std::to_string(ws_.reason().code) + ")";
        if (!ws_.reason().reason.empty()) what += ": " + std::string(ws_.reason().reason.c_str());
    }
    return Error(ErrorCode::Unavailable, std::move(what), origin_).withRetry(Retry::later());
}

void BeastWebSocket::send(WebSocketMessage message) {
    if (ended_) return;
    unsentBytes_ += message.data.size();
    unsent_.push_back(std::move(message));
    if (unsentBytes_ > maxUnsentBytes) return abort();
    if (!sending_) sendNext();
}

void BeastWebSocket::sendNext() {
    sending_ = !unsent_.empty() && !ended_;
    if (!sending_) return;
    ws_.binary(unsent_.front().binary);
    ws_.async_write(asio::buffer(unsent_.front().data), [self = shared_from_this()](error_code error, std::size_t) {
        self->unsentBytes_ -= self->unsent_.front().data.size();
        self->unsent_.pop_front();
        if (error) self->abort();
        self->sendNext();
    });
}

void BeastWebSocket::ping() {
    if (ended_ || std::exchange(pinging_, true)) return;
    ws_.async_ping({}, [self = shared_from_this()](error_code error) {
        self->pinging_ = false;
        if (error) self->abort();
    });
}

Task<void> BeastWebSocket::close(Duration within) {
    auto self = shared_from_this();
    if (std::exchange(ended_, true)) {
        ws_.next_layer().stream->abort();
        co_return;
    }
    Expiry expiry(ws_.get_executor());
    expiry.arm(within);
    expiry.guard(ws_.next_layer().stream);
    websocket::close_reason reason(websocket::close_code::normal);
    co_await ws_.async_close(reason, asTuple);
    ws_.next_layer().stream->abort();
}

/// "wss://…" as the connector knows it.
Result<Url> webSocketUrl(const std::string& url) {
    bool tls = url.starts_with("wss://");
    if (!tls && !url.starts_with("ws://"))
        return fail(ErrorCode::InvalidArgument, "this is no address of a WebSocket (ws or wss)");
    return parseUrl((tls ? "https" : "http") + url.substr(tls ? 3 : 2));
}

/// What went wrong before the connection stood.
Error openError(const error_code& error, const websocket::response_type& response, bool late,
                const std::string& origin) {
    if (late)
        return Error(ErrorCode::DeadlineExceeded, "the connection did not come about in time", origin)
            .withRetry(Retry::later());
    if (error == websocket::error::upgrade_declined)
        return {ErrorCode::PermissionDenied,
                "the upgrade was answered with status " + std::to_string(response.result_int()), origin};
    return Error(ErrorCode::Unavailable, describeIoError(error), origin).withRetry(Retry::later());
}

}  // namespace

Task<WebSocket::Opened> WebSocket::open(Loop& loop, std::string url, WebSocketOptions options) {
    Opened opened;
    auto target = webSocketUrl(url);
    if (!target) {
        opened.error = std::move(target.error());
        co_return opened;
    }
    ConnectOptions connect;
    connect.tcpUserTimeout = options.tcpUserTimeout;
    connect.tlsName = options.tls.serverName;
    if (!options.proxyUrl.empty()) {
        auto proxy = parseUrl(options.proxyUrl);
        if (!proxy) {
            opened.error = std::move(proxy.error()).within("the proxy");
            co_return opened;
        }
        connect.proxy = std::move(*proxy);
    }
    if (target->tls) {
        auto tls = makeClientTlsContext(options.tls);
        if (!tls) {
            opened.error = std::move(tls.error());
            co_return opened;
        }
        connect.tls = std::move(*tls);
    }
    Expiry expiry(loop.executor());
    expiry.arm(options.openTimeout);
    auto stream = co_await connectStream(loop.executor(), *target, std::move(connect), expiry);
    if (!stream) {
        opened.error = std::move(stream.error());
        co_return opened;
    }
    expiry.guard(*stream);
    auto socket = std::make_shared<BeastWebSocket>(*stream, target->origin(), options.maxMessageBytes);
    options.headers.set("User-Agent", options.userAgent);
    websocket::response_type response;
    opened.asked = true;
    auto error = co_await socket->upgrade(target->hostField(), target->target, std::move(options.headers), response);
    opened.status = static_cast<int>(response.result_int());
    for (const auto& field : response) opened.headers.add(std::string(field.name_string()), std::string(field.value()));
    bool late = expiry.passed();
    expiry.disarm();
    if (error || late) {
        if (error == asio::error::operation_aborted && !late)
            opened.error = Error(ErrorCode::Cancelled, "the connection was given up", target->origin());
        else
            opened.error = openError(error, response, late, target->origin());
        if (error == websocket::error::upgrade_declined) opened.body = std::move(response.body());
        socket->abort();
        co_return opened;
    }
    opened.socket = std::move(socket);
    co_return opened;
}

}  // namespace klaw::net
