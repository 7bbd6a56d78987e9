#include "agent/app/candidacy.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace klaw::app {
namespace {

/// A process that was started again is another candidate: what it knew of its lease is gone.
std::string identityOf(const LeadershipConfig& config, Random& random) {
    auto name = config.identity;
    std::array<char, 256> host{};
    if (name.empty() && ::gethostname(host.data(), host.size() - 1) == 0) name = host.data();
    return (name.empty() ? "klaw" : name) + "_" + random.token(6);
}

lead::ElectionOptions optionsOf(const LeadershipConfig& config, Random& random) {
    return {identityOf(config, random), config.lasts, config.renewWithin, config.retry};
}

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

}  // namespace

void endProcess(const std::string& reason) {
    // Whoever reads the log may have stopped too: then the kernel ends what cannot say goodbye.
    std::signal(SIGALRM, SIG_DFL);
    ::alarm(1);
    spdlog::critical("{}: this process ends and does nothing more; started again it is a standby", reason);
    spdlog::default_logger()->flush();
    ::_exit(1);
}

Candidacy::Candidacy(Loop& loop, LoopClock& clock, Random& random, const LeadershipConfig& config,
                     kube::ClusterAccess home, lead::Elector::Events events)
    : store_(std::make_shared<kube::ApiServer>(loop, clock, home), config.leaseNamespace, config.leaseName),
      tenure_(lead::elapsedSinceBoot, endProcess),
      elector_(store_, clock, lead::elapsedSinceBoot, random, tenure_, optionsOf(config, random), std::move(events)),
      tasks_(loop, reportFailure),
      lease_(config.leaseNamespace + "/" + config.leaseName + " in cluster " + home.name) {}

void Candidacy::start() {
    spdlog::info("takes part in the election by the lease {} as {}", lease_, elector_.identity());
    tasks_.spawn("election", elector_.run());
}

Task<void> Candidacy::withdraw() {
    co_await tasks_.stop();
    co_await elector_.resign();
}

}  // namespace klaw::app
