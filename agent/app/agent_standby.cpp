#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/app/agent_run.hpp"
#include "agent/app/kubernetes_secrets.hpp"
#include "agent/app/logging.hpp"
#include "agent/app/notifiers.hpp"

// One of several replicas. It watches its clusters and keeps what the rules read, and does nothing else until it is
// elected: then it opens the database, takes up what was under way, and is told what its caches know.

namespace klaw::app {
namespace {

constexpr Duration triesToOpenEvery = 500ms;

/// Empty where the cluster has nothing to say.
std::string problemsOf(const std::vector<std::unique_ptr<ClusterWatch>>& clusters) {
    std::string text;
    for (const auto& cluster : clusters)
        for (const auto& problem : cluster->view().problems)
            text.append("cluster ").append(cluster->name()).append(": ").append(problem).append("\n");
    return text;
}

}  // namespace

Result<void> AgentRun::standBy() {
    const auto& leadership = *setup_.config.leadership;
    const auto& found = setup_.found.clusters;
    auto home = leadership.cluster.empty() ? found.begin()
                                           : std::ranges::find(found, leadership.cluster, &kube::ClusterAccess::name);
    if (home == found.end())
        return fail(ErrorCode::NotFound, "the cluster that has the Lease cannot be reached", "leadership",
                    "name one of `clusters` with a kubeconfig that is a file, or in_cluster");
    role_ = Role::StandingBy;
    namesElsewhere_ = upstreamNames();
    lead::Elector::Events events;
    events.elected = [this] { elected(); };
    events.changed = [this] { noteState(); };
    candidacy_ = std::make_unique<Candidacy>(loop_, clock_, random_, leadership, *home, std::move(events));
    guardActs();
    openSharing(*home);
    auto metrics = [this] {
        return Metrics::standbyText(clusters_, standbyState().cachesAreWarm, loop_.turns()) + sharesMetrics();
    };
    standbyConsole_ =
        std::make_unique<StandbyConsole>([this] { return standbyState(); }, std::move(metrics), data_.token());
    if (auto listening = listen(); !listening) return listening;
    for (const auto& access : found) watch(access);
    candidacy_->start();
    if (sharing_) sharing_->start();
    endTask_.spawn("signals", watchSignals());
    return {};
}

/// Whatever reaches people or other machines leaves through here.
void AgentRun::guardActs() {
    http_.setGuard([this](const net::HttpRequest&) { return candidacy_->tenure().check(); });
}

net::HttpServer::Handler AgentRun::consoleHandler() {
    auto leading = serve::consoleHandler(*this, clock_);
    if (!standbyConsole_) return leading;
    auto standing = serve::consoleHandler(*standbyConsole_, clock_);
    return [this, leading, standing](net::ServerRequest request) {
        if (sharing_ && request.path().starts_with(share::sharePath)) return shared(std::move(request));
        bool isForTheLeader = relay_ && role_ == Role::StandingBy && serve::LeaderRelay::passes(request);
        if (isForTheLeader) return passedOn(std::move(request));
        return leads() ? leading(std::move(request)) : standing(std::move(request));
    };
}

StandbyConsole::State AgentRun::standbyState() const {
    const auto& elector = candidacy_->elector();
    StandbyConsole::State state;
    state.leader = elector.leads() ? elector.identity() + ", this one, is about to take over; it" : elector.holder();
    state.trouble = elector.trouble();
    state.cachesAreWarm = !clusters_.empty() && (!sharing_ || sharing_->knowsMembers()) &&
                          std::ranges::all_of(clusters_, [](const auto& cluster) { return cluster->ready(); });
    state.clusters = sharesText() + problemsOf(clusters_);
    return state;
}

void AgentRun::elected() {
    if (ending_) return;
    role_ = Role::TakingOver;
    if (sharing_) sharing_->setLeads();
    spdlog::info("{} leads now, by the lease {}", candidacy_->elector().identity(), candidacy_->lease());
    endTask_.spawn("taking the lead", takeLead());
}

/// The lease is renewed meanwhile, however long it takes.
Task<void> AgentRun::takeLead() {
    auto began = clock_.now();
    auto past = co_await readPastAside();
    for (bool told = false; !ending_ && !past && past.error().code == ErrorCode::Unavailable; told = true) {
        if (!told)
            spdlog::error("{}; if a former leader has been stopped in the middle of a change, end it",
                          past.error().describe());
        co_await clock_.sleepFor(triesToOpenEvery);
        past = co_await readPastAside();
    }
    if (ending_) {
        role_ = Role::StandingBy;
        co_return roleChanged_.notify();
    }
    if (!past) endProcess("this replica cannot lead: " + past.error().describe());
    if (auto led = lead(std::move(*past)); !led) endProcess("this replica cannot lead: " + led.error().describe());
    followShares();
    for (const auto& cluster : clusters_) cluster->speak(history_.get());
    co_await tellWhatIsKnown();
    role_ = Role::Leading;
    spdlog::info("took over in {}",
                 formatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began)));
    roleChanged_.notify();
    noteState();
}

/// On a thread of its own: to look through a large database takes longer than a lease lasts.
Task<Result<AgentRun::Past>> AgentRun::readPastAside() {
    struct Reading {
        explicit Reading(Loop& loop) : done(loop) {}
        std::optional<Result<Past>> past;
        LoopCondition done;
    };
    auto reading = std::make_shared<Reading>(loop_);
    if (readingPast_.joinable()) readingPast_.join();
    readingPast_ = std::thread([this, reading, replica = candidacy_->elector().identity()] {
        auto past = std::make_shared<Result<Past>>(readPast(replica));
        loop_.post([reading, past] {
            reading->past.emplace(std::move(*past));
            reading->done.notify();
        });
    });
    std::function<bool()> isRead = [reading] { return reading->past.has_value(); };
    co_await reading->done.until(std::move(isRead));
    co_return std::move(*reading->past);
}

/// As the first lists would tell it, one resource in a turn of the loop.
Task<void> AgentRun::tellWhatIsKnown() {
    for (std::size_t i = 0; i < clusters_.size(); ++i) {
        auto* cluster = clusters_[i].get();
        for (const auto& resource : cluster->quietResources()) {
            auto rules = setup_.rules;
            co_await cluster->tell(resource, std::move(rules));
            co_await clock_.sleepFor(Duration::zero());
        }
        cluster->follow(setup_.rules);
    }
}

/// What a leader reads again in reloadAll(), as far as it concerns what is watched.
Task<Result<void>> AgentRun::reloadStandby() {
    auto config = readConfigAgain();
    if (!config) co_return fail(std::move(config).error());
    auto onDisk = clustersOnDisk(config->clusters);
    if (!onDisk) co_return fail(std::move(onDisk).error());
    auto filled = co_await fillSecrets(loop_, clock_, *config, onDisk->clusters);
    if (!filled) co_return filled;
    auto files = readRuleFiles(*config);
    if (!files.errors.empty()) co_return fail(std::move(files.errors.front()));
    auto report = rules::loadRules(files.sources);
    if (!report.ok()) co_return fail(std::move(report.errors.front()));
    if (role_ != Role::StandingBy) co_return fail(ErrorCode::Conflict, "this replica has begun to lead meanwhile");
    setup_.config = std::move(*config);
    setup_.rules = report.rules;
    setup_.ruleSources = std::move(files.sources);
    setup_.found = std::move(*onDisk);
    setUpLogging(setup_.config.log);
    consoleUrl_ = consoleUrlOf(setup_.config, port_);
    followClusters(setup_.found.clusters);
    for (const auto& cluster : clusters_) cluster->follow(setup_.rules);
    co_return Result<void>();
}

Task<void> AgentRun::endStandby() {
    co_await candidacy_->withdraw();
    if (sharing_) {
        co_await sharing_->stop();
        for (const auto& cluster : clusters_) cluster->rest();  // whoever reads here need not wait for its end
    }
    for (const auto& cluster : clusters_) co_await cluster->stop();
    for (const auto& cluster : leaving_) co_await cluster->stop();
    co_await tasks_.stop();
    co_await server_->stop(500ms);
}

}  // namespace klaw::app
