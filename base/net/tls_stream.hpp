#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "base/net/expiry.hpp"
#include "base/net/tls_context.hpp"

namespace klaw::net {

/// Handshakes over a connected socket. `expectedName` is the DNS name or address that the certificate must carry, and
/// is sent as SNI. Fails with the reason and a remedy; passes operation_aborted on as Cancelled, or as
/// DeadlineExceeded when `expiry` passed.
Task<Result<std::shared_ptr<ByteStream>>> connectTls(boost::asio::ip::tcp::socket socket, TlsContext context,
                                                     std::string expectedName, Expiry& expiry);
Task<Result<std::shared_ptr<ByteStream>>> acceptTls(boost::asio::ip::tcp::socket socket, TlsContext context,
                                                    Expiry& expiry);

}  // namespace klaw::net
