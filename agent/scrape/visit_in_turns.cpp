#include "agent/scrape/visit_in_turns.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

namespace klaw::scrape {

Task<void> visitInTurns(const rules::ObjectSource& objects, std::string cluster, std::string resource,
                        std::function<void(PackedView)> visit) {
    constexpr std::size_t atOnce = 500;
    auto executor = co_await boost::asio::this_coro::executor;
    std::vector<std::string> uids;
    objects.forEach(cluster, resource,
                    [&](PackedView object) { uids.emplace_back(object["metadata"]["uid"].asString()); });
    for (std::size_t visited = 0; visited < uids.size(); ++visited) {
        if (visited % atOnce == 0) co_await boost::asio::post(executor, boost::asio::use_awaitable);
        if (auto object = objects.find(cluster, resource, uids[visited])) visit(object);
    }
}

}  // namespace klaw::scrape
