#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "base/net/expiry.hpp"
#include "base/result.hpp"

namespace klaw::net {

/// Addresses of a host; literals need no look-up. A look-up cannot be interrupted: when the deadline passes or the task
/// is cancelled its answer is dropped, but the loop stays alive until the system gives it.
Task<Result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve(boost::asio::any_io_executor executor,
                                                                  std::string host, std::uint16_t port, Expiry& expiry);

}  // namespace klaw::net
