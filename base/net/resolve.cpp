#include "base/net/resolve.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace klaw::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor)
        : resolver(executor), wake(executor, asio::steady_timer::time_point::max()) {}

    void finish(const error_code& e, const tcp::resolver::results_type& results) {
        error = e;
        for (const auto& result : results) endpoints.push_back(result.endpoint());
        ended = true;
        wake.cancel();
    }

    tcp::resolver resolver;
    asio::steady_timer wake;
    error_code error;
    std::vector<tcp::endpoint> endpoints;
    bool ended = false;
};

void start(const std::shared_ptr<Lookup>& lookup, const std::string& host, std::uint16_t port) {
    lookup->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                                   [lookup](const error_code& error, const tcp::resolver::results_type& results) {
                                       lookup->finish(error, results);
                                   });
}

}  // namespace

Task<Result<std::vector<tcp::endpoint>>> resolve(asio::any_io_executor executor, std::string host, std::uint16_t port,
                                                 Expiry& expiry) {
    error_code notAnAddress;
    auto address = asio::ip::make_address(host, notAnAddress);
    if (!notAnAddress) co_return std::vector<tcp::endpoint>(1, tcp::endpoint(address, port));

    auto lookup = std::make_shared<Lookup>(executor);
    expiry.setAction([weak = std::weak_ptr(lookup)] {
        if (auto alive = weak.lock()) alive->wake.cancel();
    });
    start(lookup, host, port);
    while (!lookup->ended) {
        if (expiry.passed())
            co_return fail(Error(ErrorCode::DeadlineExceeded, "looking up " + host + " took too long", {},
                                 "Check the name servers of this machine")
                               .withRetry(Retry::later()));
        co_await lookup->wake.async_wait(asio::as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            co_return fail(ErrorCode::Cancelled, "looking up " + host + " was cancelled");
    }
    expiry.setAction(nullptr);
    if (!lookup->error) co_return std::move(lookup->endpoints);
    Error error(ErrorCode::Unavailable, "cannot look up " + host + ": " + lookup->error.message(), {},
                "Check the host name and the name servers of this machine");
    co_return fail(std::move(error).withRetry(Retry::later()));
}

}  // namespace klaw::net
