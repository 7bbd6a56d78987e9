#pragma once

#include "base/net/server_connection.hpp"

namespace klaw::net {

/// The body of one answer: chunks, or the bytes as they are for a client of HTTP/1.0.
class ServerSink final : public BodySink {
public:
    ServerSink(ServerConnection& connection, bool chunked) : connection_(connection), chunked_(chunked) {}

    Task<Result<void>> write(std::string_view bytes) override;
    bool open() const override;
    void abort() override { connection_.stream().abort(); }
    /// Marks the end of the body; whether it reached the client.
    Task<bool> finish();

private:
    ServerConnection& connection_;
    bool chunked_;
};

}  // namespace klaw::net
