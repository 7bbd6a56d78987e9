#include "agent/app/cluster_trial.hpp"

#include <memory>

#include "agent/kube/api_server.hpp"
#include "base/async/together.hpp"

namespace klaw::app {
namespace {

constexpr Duration patience = 10s;

Task<Result<std::size_t>> readOne(std::shared_ptr<kube::ApiServer> server, std::string resource) {
    auto path = co_await server->pathOf(resource);
    if (!path) co_return fail(std::move(path).error());
    auto response = co_await server->get(*path + "?limit=1", patience);
    if (!response) co_return fail(std::move(response).error());
    co_return response->body.size();
}

}  // namespace

Task<Result<operate::ClusterTrial>> tryAccess(Loop& loop, LoopClock& clock, TaskGroup& group,
                                              kube::ClusterAccess access, std::vector<std::string> resources) {
    operate::ClusterTrial trial;
    trial.name = access.name;
    trial.server = access.server;
    auto server = std::make_shared<kube::ApiServer>(loop, clock, std::move(access));
    auto began = clock.now();
    auto version = co_await server->version();
    if (!version) co_return fail(std::move(version).error());
    trial.version = std::move(*version);
    trial.latency = clock.now() - began;
    std::vector<Task<Result<std::size_t>>> reads;
    for (const auto& resource : resources) reads.push_back(readOne(server, resource));
    auto answers = co_await together(loop, group, "trial of a cluster", std::move(reads));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i])
            trial.readable.push_back(resources[i]);
        else
            trial.refused.push_back({resources[i], answers[i].error().describe()});
    }
    co_return trial;
}

}  // namespace klaw::app
