#pragma once

#include <memory>

#include "base/net/expiry.hpp"
#include "base/net/http_server.hpp"
#include "base/net/message_reader.hpp"

namespace klaw::net {

/// What all connections of a server share.
struct ServerContext {
    HttpServerOptions options;
    HttpServer::Handler handler;
    bool stopping = false;
    bool crowded = false;  ///< somebody waits for room, so connections end with their next answer
};

/// One connection of a client: requests and answers in turn.
class ServerConnection {
public:
    ServerConnection(std::shared_ptr<const ServerContext> context, std::shared_ptr<ByteStream> stream,
                     std::string remoteAddress);

    /// Serves until either side closes. Throws operation_aborted when cancelled.
    Task<void> serve();
    /// Between two requests, or before the first.
    bool idle() const { return idle_ && (!reader_ || !reader_->anyByteReceived()); }
    ByteStream& stream() { return *stream_; }
    const ServerContext& context() const { return *context_; }

    /// Within the idle timeout, which begins anew with each call.
    Task<Result<void>> write(std::string_view bytes);

private:
    Task<bool> serveOne();
    Task<std::optional<ServerResponse>> readRequest(ServerRequest& request);
    Task<boost::system::error_code> readBody(std::string& body);
    Task<ServerResponse> callHandler(ServerRequest request);
    Task<bool> respond(const ServerResponse& response, bool headRequest, bool keepAlive);
    Task<bool> respondStream(const ServerResponse& response, bool chunked);
    Task<void> refuse(const ServerResponse& response);
    std::optional<ServerResponse> refusalOf(const boost::system::error_code& error) const;
    std::optional<ServerResponse> refusalOf(const ServerRequest& request) const;

    std::shared_ptr<const ServerContext> context_;
    std::shared_ptr<ByteStream> stream_;
    std::string remoteAddress_;
    Expiry expiry_;
    ReceiveBuffer buffer_;
    std::optional<RequestReader> reader_;
    bool idle_ = true;
};

}  // namespace klaw::net
