#include "agent/app/agent_run.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/app/config_warnings.hpp"
#include "agent/app/kubernetes_secrets.hpp"
#include "agent/app/logging.hpp"
#include "agent/app/notifiers.hpp"
#include "agent/app/storage_config.hpp"
#include "storage/leadership.hpp"
#include "storage/reader.hpp"

namespace klaw::app {
namespace {

constexpr Duration aliveEvery = 20s;
constexpr Duration pruneEvery = 1h;
constexpr Duration startTakes = 30s;
constexpr std::size_t maxLately = 20;
/// What a card waits for, or shows later, must not hold a request for long.
constexpr Duration lookUpPatience = 3s;
constexpr Duration lookForClustersEvery = 1min;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

net::HttpClientOptions clientOptions() {
    net::HttpClientOptions options;
    options.maxIdleConnections = 32;  // as many calls as the courier has under way at once
    return options;
}

std::optional<TimePoint> lastAliveOf(const storage::RecoveredState& state) {
    auto found = state.meta.find("alive");
    return found == state.meta.end() ? std::nullopt : parseRfc3339(found->second);
}

}  // namespace

AgentRun::AgentRun(AgentSetup setup, DataDirectory data)
    : setup_(std::move(setup)),
      data_(std::move(data)),
      database_(databaseOf(setup_.config, data_.path())),
      clock_(loop_),
      http_(loop_, clientOptions()),
      heartbeat_(clock_, http_, [this](Duration undelivered) { return heartbeatTrouble(undelivered); }),
      clusterSourcesChanged_(loop_),
      signals_(loop_),
      tasks_(loop_, reportFailure),
      endTask_(loop_, reportFailure),
      timeChanged_(loop_),
      stateChanged_(loop_),
      roleChanged_(loop_) {}

AgentRun::~AgentRun() {
    if (readingPast_.joinable()) readingPast_.join();
    if (writer_) writer_->stop();
}

Result<void> AgentRun::start() {
    if (setup_.config.leadership) return standBy();
    auto past = readPast(std::nullopt);
    if (!past) return fail(std::move(past).error());
    return lead(std::move(*past));
}

Result<void> AgentRun::lead(Past past) {
    auto* state = &past.state;
    storageTrouble_ = std::move(past.trouble);
    openWriter(std::move(*past.database));
    if (auto loaded = loadRules(state->appliedRules); !loaded) return loaded;
    openHistory();
    if (!server_)
        if (auto listening = listen(); !listening) return listening;
    announce();
    auto mirrorCommit = commitThroughGate();
    silenceMirrors_ = std::make_unique<deliver::SilenceMirrors>(loop_, clock_, random_, http_, mirrorCommit);
    silenceMirrors_->restore(state->silences, state->silenceCopies);
    auto onTransition = [](const rules::Transition& transition) {
        spdlog::info("alert {} {}: {} ({})", transition.alert.rule, rules::toString(transition.reason),
                     transition.alert.title.en, transition.alert.fingerprint);
    };
    rules::EngineOptions engineOptions;
    engineOptions.stopwatch = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    engineOptions.namesElsewhere = candidacy_ ? std::move(namesElsewhere_) : upstreamNames();
    pipeline_ = std::make_unique<AlertPipeline>(setup_.rules, objects_, makePlanner(setup_.config, consoleUrl_),
                                                onTransition, std::move(engineOptions));
    startLookingUp();
    pipeline_->setMaintenance(rules::Maintenance(setup_.config.maintenance), clock_.now());
    pipeline_->restore(*state, lastAliveOf(*state), clock_.now());
    control_ = std::make_unique<LiveControl>(loop_, clock_, *pipeline_, clusters_, objects_, *silenceMirrors_, random_,
                                             setup_.config, database_);
    control_->setRules(*rules_,
                       [this](std::shared_ptr<const rules::RuleSet> rules) { replaceRules(std::move(rules)); });
    auto flushWith = [this](storage::UnitOfWork with) { return flushedWith(std::move(with)); };
    access_ = std::make_unique<access::Gate>([this](storage::UnitOfWork with) { return recorded(std::move(with)); },
                                             [this] { return clock_.now(); });
    control_->setGate(*access_);
    grants_.restore(state->meta, clock_.now());
    control_->setGrants(grants_);
    clusterBook_.restore(state->meta);
    defaultsBook_.restore(state->meta);
    securityBook_.restore(state->meta);
    control_->setClusters(setup_.found, clusterBook_, defaultsBook_);
    control_->setAudits(securityBook_);
    auto noteAction = [this](const std::string& incident, const rules::Action& action) {
        // One that has resolved meanwhile has its end on its card.
        if (pipeline_->noteAction(incident, action, clock_.now())) scheduleFlush();
    };
    auto tell = [this](const std::string& address, const Answered& answer) {
        chats_->tell(address, answer);
        mcp_->heard(answer);
    };
    changes_ = std::make_unique<ChangeDesk>(loop_, clock_, random_, *control_, *access_, flushWith, noteAction, tell);
    approvals_ =
        std::make_unique<ApprovalDesk>(loop_, clock_, random_, *control_, *access_, flushWith, tell, *changes_);
    control_->setApprovals(approvals_->book());
    auto notesOf = [this](const std::string& app) { return chats_->privateNotesOf(app); };
    reveals_ = std::make_unique<RevealDesk>(loop_, clock_, flushWith, notesOf);
    changes_->setReveals(
        [this](Revealed revealed, std::string value) { return reveals_->show(std::move(revealed), std::move(value)); });
    commands_ = std::make_unique<CommandDesk>(loop_, clock_, random_, *control_, database_, commitThroughGate(),
                                              flushWith, *access_, *changes_);
    commands_->setApprovals(*approvals_);
    remediation_ = std::make_unique<Remediation>(loop_, clock_, *control_, *commands_, flushWith);
    budgets_ = std::make_unique<CallBudgets>(clock_, state->meta);
    chats_ = std::make_unique<Chats>(
        loop_, clock_, random_, http_, *budgets_, *commands_,
        [this](storage::UnitOfWork unit, Committed done) { commitWithCourier(std::move(unit), std::move(done)); },
        state->meta);
    openMcp();
    openCourier();
    openBackups(state->meta);
    countEarlierChanges();
    courier_->restore(*state);
    auto record = rules_->record(*setup_.rules, clock_.now());
    record.audit.push_back({clock_.now(), "klaw", "start", "done", {}, "{}"});
    gate_->commit(std::move(record), {});
    if (!setup_.demoRecording.empty())
        if (auto playing = startDemo(); !playing) return playing;
    if (!candidacy_)
        for (const auto& access : setup_.found.clusters) watch(access);
    keepWatchedClusters();
    followAlertmanagers();
    startMetrics();
    startTasks();
    pipeline_->lookUpMissing(clock_.now());
    changes_->resume(state->meta);
    approvals_->resume(state->meta);
    reveals_->resume(state->meta);
    return {};
}

/// A damaged file or a full disk must not keep people from hearing of trouble: then the agent remembers in memory only,
/// and says so.
Result<AgentRun::Past> AgentRun::readPast(const std::optional<std::string>& replica) const {
    auto database = storage::Database::open(database_);
    storage::RecoveryHorizon horizon{clock_.now() - setup_.config.retention.resolvedAlerts,
                                     clock_.now() - rules::maxWindow, clock_.now(),
                                     clock_.now() - rules::AlertGrouper::reopens};
    Result<storage::RecoveredState> state = storage::RecoveredState();
    std::string trouble;
    // Before anything is read: from now on nobody else writes.
    if (database)
        if (auto writes = becomeWriter(*database, replica); !writes) database = fail(std::move(writes).error());
    if (database) state = storage::loadState(*database, horizon);
    auto* failure = !database ? &database.error() : !state ? &state.error() : nullptr;
    if (failure) {
        if (failure->code != ErrorCode::DataLoss && failure->code != ErrorCode::ResourceExhausted)
            return fail(*failure);
        trouble = "nothing is stored: " + failure->describe();
        spdlog::error("{}; Klaw goes on in memory only, and forgets everything when it ends", trouble);
        database = storage::Database::open(":memory:");
        if (!database) return fail(std::move(database).error());
        state = storage::RecoveredState();
    }
    for (const auto& row : state->unreadable) spdlog::error("left out after the restart: {}", row.describe());
    return Past{std::move(*database), std::move(*state), std::move(trouble)};
}

void AgentRun::openWriter(storage::Database database) {
    storage::WriterOptions options;
    options.health = [this](const std::optional<Error>& reason) {
        if (reason)
            spdlog::error(
                "the database cannot be written: {}; cards go out all the same, and everything is written when it "
                "works again",
                reason->describe());
        else
            spdlog::info("the database can be written again");
        loop_.post([this, bad = reason.has_value()] {
            gate_->setDegraded(bad);
            noteState();
        });
    };
    if (candidacy_) {
        auto& tenure = candidacy_->tenure();
        options.overtaken = [&tenure](const Error& reason) { tenure.end(reason.describe()); };
        options.intercept = [&tenure](storage::WriteStep step, std::uint64_t) {
            bool writes = step == storage::WriteStep::Begin || step == storage::WriteStep::Commit;
            return writes ? tenure.check() : Result<void>();
        };
    } else {
        options.overtaken = [this](const Error& reason) { loop_.post([this, reason] { endOvertaken(reason); }); };
    }
    writer_ = std::make_unique<storage::Writer>(std::move(database), std::move(options));
    gate_ = std::make_unique<deliver::CommitGate>(*writer_, loop_);
}

/// The lock of the data directory keeps others away from the file in it, but not from a server.
/// A replica has its Lease; the connection of one that hangs would keep its successor out.
Result<void> AgentRun::becomeWriter(storage::Database& database, const std::optional<std::string>& replica) const {
    if (!database_.isPostgres() && !replica) return {};
    if (!replica)
        if (auto alone = database.connection().keepOthersOut(); !alone) return alone;
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
    auto holder = replica.value_or(std::string(host.data()) + "/" + std::to_string(::getpid()));
    auto taken = storage::takeLeadership(database, {holder}, clock_.now());
    if (!taken) return fail(std::move(taken).error());
    spdlog::info("writes to {} in term {}", database_.place(), taken->term);
    return {};
}

/// Two agents must not both tell people.
void AgentRun::endOvertaken(const Error& reason) {
    if (overtaken_) return;
    overtaken_ = reason;
    spdlog::critical("{}; this one ends", reason.describe());
    ::kill(::getpid(), SIGTERM);
}

/// Without it everything else goes on.
void AgentRun::openHistory() {
    const auto& wanted = setup_.config.history;
    if (wanted.keep == Duration::zero()) return;
    recording::HistoryOptions options;
    options.directory = DataDirectory::historyDirectory(data_.path());
    options.keep = wanted.keep;
    options.maxBytes = wanted.maxBytes;
    auto opened = recording::HistoryWriter::open(std::move(options), clock_);
    if (opened)
        history_ = std::move(*opened);
    else
        spdlog::error("nothing of what is watched is kept: {}", opened.error().describe());
}

/// nullopt where none is wanted.
std::optional<recording::HistoryStatus> AgentRun::historyStatus() const {
    if (history_) return history_->status();
    if (setup_.config.history.keep == Duration::zero()) return std::nullopt;
    recording::HistoryStatus status;
    status.trouble = "it could not be opened";
    return status;
}

Result<void> AgentRun::listen() {
    net::HttpServerOptions options;
    options.address = setup_.config.listenAddress;
    options.port = setup_.config.listenPort;
    if (sharing_) options.maxConnections = roomForReaders();
    server_ = std::make_unique<net::HttpServer>(loop_, options, consoleHandler());
    auto port = server_->listen();
    if (!port) return fail(std::move(port).error());
    port_ = *port;
    consoleUrl_ = consoleUrlOf(setup_.config, *port);
    spdlog::info("page, metrics and health at {}", consoleUrl_);
    if (setup_.printAddress) std::cout << "Page: " << consoleUrl_ << "/#token=" << data_.token() << "\n" << std::flush;
    return {};
}

/// For `klaw do`.
void AgentRun::announce() {
    auto local = setup_.config;
    local.url.clear();
    if (auto left = data_.writeAddress(consoleUrlOf(local, port_)); !left)
        spdlog::warn("`klaw do` will not find this agent: {}", left.error().describe());
}

void AgentRun::openCourier() {
    deliver::CourierEvents events;
    events.delivered = [this](const std::string& channel, const std::string& kind,
                              const deliver::CardLatency& latency) { metrics_.cardDelivered(channel, kind, latency); };
    events.failed = [this](const std::string& channel, const Error& error, bool forGood) {
        if (forGood)
            spdlog::error("channel {}: a card is refused for good: {}", channel, error.describe());
        else
            spdlog::warn("channel {}: a card is sent again later: {}", channel, error.describe());
        noteState();
    };
    events.undelivered = [this](const std::string& channel, const std::string& incident) {
        standIn(channel, incident);
    };
    courier_ = std::make_unique<deliver::Courier>(loop_, clock_, random_, commitThroughGate(),
                                                  deliver::CourierOptions(), std::move(events));
    followChannels();
}

/// What a channel does not take is told where its fallback is.
void AgentRun::standIn(const std::string& channel, const std::string& incident) {
    const auto& channels = setup_.config.channels;
    auto failing = std::ranges::find(channels, channel, &ChannelConfig::name);
    if (failing == channels.end() || failing->fallback.empty()) return;
    if (!pipeline_->divert(incident, {channel, failing->fallback}, clock_.now())) return;  // it has resolved meanwhile
    spdlog::warn("channel {} stands in for {}", failing->fallback, channel);
    scheduleFlush();
}

/// Of the channels that are configured. Of one that has taken nothing since the start it is not known how it fares
/// until it has failed for longer than a start takes.
std::vector<scrape::ChannelOutage> AgentRun::channelOutages() const {
    std::vector<scrape::ChannelOutage> outages;
    const auto& channels = setup_.config.channels;
    for (const auto& status : courier_->status()) {
        if (std::ranges::find(channels, status.name, &ChannelConfig::name) == channels.end()) continue;
        auto lasts = status.failingSince ? clock_.now() - *status.failingSince : Duration{};
        if (status.delivered > 0 || lasts >= startTakes) outages.push_back({status.name, lasts});
    }
    return outages;
}

std::string AgentRun::heartbeatTrouble(Duration undelivered) const {
    if (!storageTrouble_.empty()) return "storage: " + storageTrouble_;
    if (auto reason = writer_->degradedReason()) return "storage: " + reason->describe();
    for (const auto& outage : channelOutages())
        if (outage.lasts >= undelivered) return "nothing arrives at channel " + outage.channel;
    return {};
}

deliver::Commit AgentRun::commitThroughGate() {
    return [this](storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done) {
        gate_->commit(std::move(unit), std::move(done));
    };
}

void AgentRun::followAlertmanagers() {
    const auto& clusters = setup_.found.clusters;
    auto first = clusters.empty() ? std::string() : clusters.front().name;
    std::vector<deliver::AlertmanagerTarget> targets;
    for (const auto& each : setup_.config.alertmanagers)
        targets.push_back(
            {each.name, each.cluster.empty() ? first : each.cluster, each.url, each.token, each.tokenFile});
    silenceMirrors_->follow(targets);
}

/// What the configuration says, and what was granted since.
void AgentRun::followAccess() {
    auto bindings = setup_.config.bindings;
    for (const auto& [id, grant] : grants_.grants()) bindings.push_back(grant.binding);
    std::set<std::string, std::less<>> readOnly;
    for (const auto& [name, source] : setup_.found.sources)
        if (source.readOnly) readOnly.insert(name);
    auto roles = setup_.config.roles;
    Remediation::addAccess(setup_.config.remediation, roles, bindings);
    access_->setPolicy(access::Policy(std::move(bindings), std::move(roles), std::move(readOnly)));
    remediation_->follow(setup_.config.remediation, setup_.config.language);
    access_->setApprovalRules(setup_.config.approvals);
    access_->setLimits(setup_.config.limits);
    commands_->setAllReadsRecorded(setup_.config.audit.reads == AuditConfig::Reads::All);
}

/// The limits of an hour hold over a restart.
void AgentRun::countEarlierChanges() {
    if (!storageTrouble_.empty()) return;  // nothing is changed while nothing is stored
    constexpr std::size_t mostRemembered = 100'000;
    storage::AuditFilter filter;
    filter.since = clock_.now() - 1h;
    filter.decision = "allowed";
    filter.limit = mostRemembered;
    auto reader = storage::Reader::open(database_);
    auto rows = reader ? reader->audit(filter) : fail(reader.error());
    if (!rows) {
        spdlog::error("the changes of the last hour do not count for `limits`: {}", rows.error().describe());
        return;
    }
    for (auto row = rows->rbegin(); row != rows->rend(); ++row)  // oldest first
        access_->countEarlier(row->entry.actor, access::placeOfTarget(row->entry.target), row->entry.at);
}

/// While nothing is durable, what was taken back counts and what was given does not.
void AgentRun::noteGrants(std::vector<storage::MetaEntry> entries) {
    if (entries.empty()) return;
    bool durable = storageTrouble_.empty() && !writer_->degradedReason();
    if (!durable) std::erase_if(entries, [](const storage::MetaEntry& entry) { return !entry.value.empty(); });
    grants_.stored(entries);
    followAccess();
}

void AgentRun::followChannels() {
    followAccess();
    budgets_->follow(setup_.config);
    chats_->follow(setup_.config);
    mcp_->follow(setup_.config.mcp, setup_.config.language);
    auto notifiers = chats_->replyNotifiers();
    for (const auto& channel : setup_.config.channels) {
        auto byApp = chats_->notifierOf(channel);
        notifiers.push_back(byApp ? std::move(byApp)
                                  : makeNotifier(channel, http_, clock_, random_, budgets_->of(channel.name)));
    }
    courier_->follow(std::move(notifiers));
    if (setup_.config.channels.empty()) spdlog::warn("no channel is configured: alerts are seen on the page only");
}

/// Those of the files, which have been checked, and those that were applied to an agent before this one.
Result<void> AgentRun::loadRules(const std::vector<storage::RuleRevision>& applied) {
    rules_ = std::make_unique<RuleKeeper>(setup_.ruleSources, applied);
    if (applied.empty()) return {};
    auto report = rules_->load();
    if (!report.ok()) return fail(std::move(report.errors.front()));
    for (const auto& warning : report.warnings) spdlog::warn("{}", warning.describe());
    setup_.rules = report.rules;
    return {};
}

Result<void> AgentRun::startDemo() {
    auto reader = recording::RecordingReader::fromBytes(std::move(setup_.demoRecording), "the demo recording");
    if (!reader) return fail(std::move(reader).error());
    recording::RecordingServerOptions options;
    options.loop = true;
    auto server = recording::RecordingServer::load(loop_, clock_, std::move(*reader), options);
    if (!server) return fail(std::move(server).error());
    demo_ = std::move(*server);
    auto port = demo_->listen();
    if (!port) return fail(std::move(port).error());
    kube::ClusterAccess access;
    access.name = "demo";
    access.server = "http://127.0.0.1:" + std::to_string(*port);
    access.source = "the demo recording";
    setup_.found.clusters = {access};
    auto play = [](recording::RecordingServer& demo) -> Task<void> {
        auto played = co_await demo.play();
        if (!played && played.error().code != ErrorCode::Cancelled)
            spdlog::error("the demo recording: {}", played.error().describe());
    };
    tasks_.spawn("demo recording", play(*demo_));
    return {};
}

/// One that leaves is not listened to any more: another of the same name may have taken its place.
void AgentRun::watch(const kube::ClusterAccess& access) {
    auto self = std::make_shared<const ClusterWatch*>(nullptr);
    auto watched = [this, self] {
        return std::ranges::any_of(clusters_, [&](const auto& cluster) { return cluster.get() == *self; });
    };
    ClusterEvents events;
    events.change = [this, watched](const rules::Change& change) {
        if (watched()) changed(change);
    };
    events.listCompleted = [this, watched](std::string_view cluster, std::string_view resource) {
        if (watched()) listCompleted(cluster, resource);
    };
    events.statusChanged = [this] { noteState(); };
    events.received = history_.get();
    if (sharing_) events.peers = &sharing_->peers();
    clusters_.push_back(std::make_unique<ClusterWatch>(loop_, clock_, random_, access, std::move(events)));
    if (!leads()) clusters_.back()->keepQuiet();
    if (candidacy_) clusters_.back()->server().setGuard([this] { return candidacy_->tenure().check(); });
    *self = clusters_.back().get();
    objects_.add(*clusters_.back());
    spdlog::info("watching cluster {} at {} ({})", access.name, access.server, access.source);
    if (sharing_) followShare(*clusters_.back());
    clusters_.back()->follow(setup_.rules);
}

/// One that is reached in another way than before is watched anew.
void AgentRun::followClusters(const std::vector<kube::ClusterAccess>& wanted) {
    auto isWanted = [&](const std::unique_ptr<ClusterWatch>& cluster) {
        return std::ranges::find(wanted, cluster->access()) != wanted.end();
    };
    auto before = std::exchange(clusters_, {});
    auto stay = static_cast<std::size_t>(std::ranges::count_if(before, isWanted));
    if (stay < before.size() || stay < wanted.size()) wasReady_ = false;
    for (auto& cluster : before) {
        if (isWanted(cluster)) {
            clusters_.push_back(std::move(cluster));
            continue;
        }
        objects_.remove(*cluster);
        spdlog::info("cluster {} at {} is not watched any more", cluster->name(), cluster->access().server);
        leaving_.push_back(std::move(cluster));
    }
    for (const auto& access : wanted)
        if (std::ranges::none_of(clusters_, [&](const auto& each) { return each->name() == access.name; }))
            watch(access);
}

/// Those of the configuration, and those that people added.
std::vector<kube::ClusterSource> AgentRun::clusterSources() const {
    auto sources = setup_.config.clusters;
    if (sources.empty() && !clusterBook_.all().empty()) sources.emplace_back();
    for (const auto& [name, source] : clusterBook_.all()) sources.push_back(source);
    return sources;
}

void AgentRun::noteClusters(const std::vector<storage::MetaEntry>& entries) {
    if (entries.empty()) return;
    clusterBook_.stored(entries);
    lookForClustersNow_ = true;
    clusterSourcesChanged_.notify();
}

/// Directories and Secrets change without a word.
Task<void> AgentRun::watchClusterSources() {
    auto decided = [this] { return role_ != Role::TakingOver; };
    co_await roleChanged_.until(decided);
    for (;;) {
        lookForClustersNow_ = false;
        co_await lookForClusters();
        auto wanted = [this] { return lookForClustersNow_; };
        co_await clusterSourcesChanged_.until(wanted, clock_, clock_.now() + lookForClustersEvery);
    }
}

Task<void> AgentRun::lookForClusters() {
    auto look = ++looks_;
    auto sources = clusterSources();
    auto asked = sources;
    auto before = setup_.found;
    auto found = co_await findClusters(loop_, clock_, tasks_, std::move(asked), std::move(before));
    if (ending_ || look != looks_) co_return;  // a later one knows better
    if (sources == clusterSources())
        takeClusters(std::move(found));
    else
        lookForClustersNow_ = true;  // of another configuration than when this began
}

/// Whoever may write the kubeconfig of a cluster can lead us elsewhere: that does not happen silently.
void AgentRun::auditMoves(const FoundClusters& found) {
    storage::UnitOfWork unit;
    for (const auto& access : found.clusters) {
        const auto* before = setup_.found.find(access.name);
        if (!before || before->server == access.server) continue;
        spdlog::warn("cluster {} is at {} now, and was at {}", access.name, access.server, before->server);
        nlohmann::json detail{{"from", before->server}, {"to", access.server}, {"source", access.source}};
        unit.audit.push_back({clock_.now(), "klaw", "clusters.move", "done", access.name, detail.dump()});
    }
    if (!unit.empty()) gate_->commit(std::move(unit), {});
}

void AgentRun::takeClusters(FoundClusters found) {
    for (const auto& problem : found.problems)
        if (std::ranges::find(setup_.found.problems, problem.describe(), &Error::describe) ==
            setup_.found.problems.end())
            spdlog::error("a cluster cannot be taken up: {}", problem.describe());
    auditMoves(found);
    bool moved = found.clusters != setup_.found.clusters;
    setup_.found = std::move(found);
    followAccess();
    noteState();
    if (moved) {
        followClusters(setup_.found.clusters);
        followAlertmanagers();
        metricWatch_->follow(setup_.rules, setup_.config.metrics, clusters_);
    }
    if (leaving_.empty())
        keepWatchedClusters();
    else if (!std::exchange(endingLeaving_, true))
        tasks_.spawn("end of clusters", endLeaving());
}

/// Also after a start: what fired in a cluster that has left the configuration would fire for ever. While it is not
/// known which clusters there are, none has left.
void AgentRun::keepWatchedClusters() {
    if (setup_.found.incomplete) return;
    std::set<std::string, std::less<>> names;
    for (const auto& cluster : clusters_) names.insert(cluster->name());
    for (const auto& source : clusterSources())
        if (!source.name.empty()) names.insert(source.name);  // perhaps not found yet
    names.emplace(rules::agentCluster);
    pipeline_->keepClusters(names, clock_.now());
    scheduleFlush();
}

Task<void> AgentRun::endLeaving() {
    while (!leaving_.empty()) {
        auto* first = leaving_.front().get();  // others may come behind it
        co_await metricWatch_->settled();      // its sources ask through the clusters
        co_await enricher_->settled(first->name());
        co_await first->stop();
        leaving_.erase(leaving_.begin());
    }
    endingLeaving_ = false;
    keepWatchedClusters();
}

/// What cards show beside what rules see. A recording has no logs to ask for.
void AgentRun::startLookingUp() {
    auto ask = [this](std::string cluster, std::string path) { return askAbout(std::move(cluster), std::move(path)); };
    // What cannot be asked is answered at once, while the pipeline is at work on what it was asked for.
    auto found = [this](const std::string& incident, rules::Findings findings) {
        loop_.post([this, incident, findings = std::move(findings)] {
            // One that has resolved meanwhile needs none.
            if (pipeline_->lookedUp(incident, findings, clock_.now())) scheduleFlush();
        });
    };
    enricher_ = std::make_unique<deliver::Enricher>(loop_, clock_, ask, found);
    if (demo_ || !setup_.demoRecording.empty()) return;
    pipeline_->setLookUp([this](const rules::IncidentUpdate& update) { return enricher_->consider(update); });
}

Task<Result<std::string>> AgentRun::askAbout(std::string cluster, std::string path) {
    auto watched = std::ranges::find_if(clusters_, [&](const auto& each) { return each->name() == cluster; });
    if (watched == clusters_.end()) co_return fail(ErrorCode::NotFound, "the cluster is not watched any more");
    std::string accept = "*/*";
    auto server = (*watched)->sharedServer();
    auto response = co_await server->get(std::move(path), lookUpPatience, std::move(accept));
    if (!response) co_return fail(std::move(response).error());
    co_return std::move(response->body);
}

void AgentRun::startMetrics() {
    MetricEvents events;
    events.samples = [this](const rules::SampleBatch& batch) {
        pipeline_->samples(batch, clock_.now());
        scheduleFlush();
    };
    events.lost = [this](std::string_view cluster, std::string_view source, const Error&) {
        pipeline_->sourceLost(cluster, source, clock_.now());
        scheduleFlush();
        noteState();
    };
    events.channels = [this] { return channelOutages(); };
    metricWatch_ = std::make_unique<MetricWatch>(loop_, clock_, random_, http_, objects_, std::move(events));
    metricWatch_->follow(setup_.rules, setup_.config.metrics, clusters_);
    control_->setMetrics(*metricWatch_);
}

void AgentRun::openBackups(const std::map<std::string, std::string, std::less<>>& meta) {
    BackupDesk::Events events;
    events.server = [this](const std::string& name) -> std::shared_ptr<kube::ApiServer> {
        for (const auto& cluster : clusters_)
            if (name.empty() || cluster->name() == name) return cluster->sharedServer();
        return nullptr;
    };
    events.flush = [this](storage::UnitOfWork with) { return flushedWith(std::move(with)); };
    events.notice = [this](std::vector<rules::ReceivedAlert> alerts) {
        pipeline_->receive(std::move(alerts), clock_.now());
        scheduleFlush();
    };
    backups_ = std::make_unique<BackupDesk>(loop_, clock_, data_.path() / "backup", std::move(events), meta);
    backups_->follow(setup_.config.backups);
    control_->setBackups(*backups_);
}

void AgentRun::startTasks() {
    courier_->start();
    tasks_.spawn("time", watchTime());
    tasks_.spawn("house", keepHouse());
    if (!demo_) tasks_.spawn("clusters", watchClusterSources());
    heartbeat_.follow(setup_.config.heartbeat);
    tasks_.spawn("heartbeat", heartbeat_.run());
    tasks_.spawn("backups", backups_->run());
    if (!candidacy_) endTask_.spawn("signals", watchSignals());
    scheduleFlush();
}

Result<void> AgentRun::run() {
    loop_.run();
    if (overtaken_) return fail(*overtaken_);
    endWriting();
    spdlog::info("stopped");
    return {};
}

void AgentRun::endWriting() {
    if (!writer_) return;
    if (!writer_->flush(2s)) spdlog::error("not everything could be written before the end");
    writer_->stop();
}

void AgentRun::changed(const rules::Change& change) {
    pipeline_->change(change, clock_.now());
    scheduleFlush();
}

void AgentRun::listCompleted(std::string_view cluster, std::string_view resource) {
    const auto* observer = [&]() -> const observe::ResourceObserver* {
        for (const auto& each : clusters_)
            if (each->name() == cluster) return each->observer(resource);
        return nullptr;
    }();
    if (!observer) return;
    pipeline_->listCompleted(
        cluster, resource, [&](std::string_view uid) { return !observer->find(uid).isMissing(); }, clock_.now());
    scheduleFlush();
}

/// Once per turn of the loop, so that what comes in one piece is committed in one.
void AgentRun::scheduleFlush() {
    if (std::exchange(flushScheduled_, true)) return;
    loop_.post([this] {
        flushScheduled_ = false;
        flush();
    });
}

void AgentRun::flush(storage::UnitOfWork with, Committed done) {
    auto due = pipeline_->nextDue();
    if (due && (!waitingFor_ || *due < *waitingFor_)) timeChanged_.notify();
    if (!pipeline_->dirty() && with.empty() && !done) return;
    auto unit = pipeline_->take();
    std::ranges::move(with.audit, std::back_inserter(unit.audit));
    std::ranges::move(with.meta, std::back_inserter(unit.meta));
    std::ranges::move(with.inbound, std::back_inserter(unit.inbound));
    std::ranges::move(with.usedOffers, std::back_inserter(unit.usedOffers));
    std::ranges::move(with.newDeliveries, std::back_inserter(unit.newDeliveries));
    rules_->takeRevisions(unit);
    auto grants = grants_.takeChanges(clock_.now());
    unit.meta.insert(unit.meta.end(), grants.begin(), grants.end());
    auto clusters = clusterBook_.takeChanges();
    unit.meta.insert(unit.meta.end(), clusters.begin(), clusters.end());
    auto defaults = defaultsBook_.takeChanges();
    unit.meta.insert(unit.meta.end(), defaults.begin(), defaults.end());
    auto audits = securityBook_.takeChanges();
    unit.meta.insert(unit.meta.end(), audits.begin(), audits.end());
    for (const auto& incident : unit.incidents) {
        if (!incident.resolvedAt) continue;
        std::erase_if(lately_, [&](const rules::Incident& other) { return other.id == incident.id; });
        lately_.push_front(incident);
        if (lately_.size() > maxLately) lately_.pop_back();
    }
    auto silences = unit.silences;
    auto stored = [this, silences = std::move(silences), grants = std::move(grants), clusters = std::move(clusters),
                   defaults = std::move(defaults), audits = std::move(audits),
                   done = std::move(done)](Result<storage::Committed> result) {
        if (result) {
            silenceMirrors_->apply(silences);
            noteGrants(grants);
            noteClusters(clusters);
            defaultsBook_.stored(defaults);
            securityBook_.stored(audits);
        } else {
            spdlog::error("a change could not be stored: {}", result.error().describe());
        }
        if (done) done(std::move(result));
    };
    commitWithCourier(std::move(unit), std::move(stored));
    noteState();
}

/// What is to be said leaves as soon as it is durable.
void AgentRun::commitWithCourier(storage::UnitOfWork unit, Committed done) {
    auto claimed = courier_->claim(unit);
    auto deliveries = unit.newDeliveries;
    gate_->commit(std::move(unit), [this, deliveries = std::move(deliveries), claimed,
                                    done = std::move(done)](Result<storage::Committed> result) {
        if (result)
            courier_->commitDone(deliveries, claimed, *result);
        else
            courier_->commitFailed(deliveries, claimed);
        if (done) done(std::move(result));
    });
}

Task<Result<void>> AgentRun::flushed(std::vector<storage::AuditEntry> audit) {
    storage::UnitOfWork with;
    with.audit = std::move(audit);
    auto stored = co_await flushedWith(std::move(with));
    if (!stored) co_return fail(std::move(stored).error());
    co_return Result<void>();
}

Task<Result<storage::Committed>> AgentRun::flushedWith(storage::UnitOfWork with) {
    struct Wait {
        explicit Wait(Loop& loop) : condition(loop) {}
        std::optional<Result<storage::Committed>> result;
        LoopCondition condition;
    };
    auto wait = std::make_shared<Wait>(loop_);
    flush(std::move(with), [wait](Result<storage::Committed> result) {
        wait->result = std::move(result);
        wait->condition.notify();
    });
    auto stored = [wait] { return wait->result.has_value(); };
    co_await wait->condition.until(stored);
    co_return std::move(*wait->result);
}

/// What gives permission must outlive the agent.
Task<Result<storage::Committed>> AgentRun::recorded(storage::UnitOfWork with) {
    auto stored = co_await flushedWith(std::move(with));
    if (!storageTrouble_.empty()) co_return fail(ErrorCode::Unavailable, storageTrouble_);
    co_return stored;
}

void AgentRun::noteState() {
    ++stateVersion_;
    stateChanged_.notify();
    noteServing();
    if (!wasReady_ && !ending_ && leads() && readiness().ready) {
        wasReady_ = true;
        spdlog::info("ready: the first lists of {} cluster(s) are in", clusters_.size());
    }
}

Task<void> AgentRun::stateNewerThan(std::uint64_t version, TimePoint until) {
    auto newer = [this, version] { return stateVersion_ > version || ending_; };
    co_await stateChanged_.until(newer, clock_, until);
}

/// Wakes when time alone brings something about.
Task<void> AgentRun::watchTime() {
    for (;;) {
        auto due = pipeline_->nextDue();
        auto now = clock_.now();
        if (due && *due <= now) {
            pipeline_->due(now);
            scheduleFlush();
            co_await clock_.sleepFor(1ms);  // others take their turn also when something is always due
            continue;
        }
        waitingFor_ = due;
        auto earlier = [this] {
            auto next = pipeline_->nextDue();
            return next && (!waitingFor_ || *next < *waitingFor_);
        };
        if (due)
            co_await timeChanged_.until(earlier, clock_, *due);
        else
            co_await timeChanged_.until(earlier);
    }
}

/// What no window reaches any more is not kept.
storage::RetentionLimits AgentRun::retention() const {
    auto limits = setup_.config.retention;
    limits.audit = setup_.config.audit.keep;
    limits.eventIncreases = limits.windowReadings = std::max<Duration>(setup_.rules->longestWindow(), 2 * 24h);
    return limits;
}

Task<void> AgentRun::keepHouse() {
    auto pruned = clock_.now() - pruneEvery;
    for (;;) {
        storage::UnitOfWork unit;
        unit.meta = budgets_->meta();
        unit.meta.push_back({"alive", formatRfc3339(clock_.now())});
        writer_->submit(std::move(unit));
        if (clock_.now() - pruned >= pruneEvery) {
            pruned = clock_.now();
            writer_->prune(pruned, retention(), {});
        }
        co_await clock_.sleepFor(aliveEvery);
    }
}

Task<void> AgentRun::watchSignals() {
    while (co_await signals_.next() == SIGHUP) co_await reload();
    spdlog::info("stopping");
    signals_.release();
    co_await shutDown();
}

Task<void> AgentRun::shutDown() {
    ending_ = true;
    auto decided = [this] { return role_ != Role::TakingOver; };
    co_await roleChanged_.until(decided);
    if (!leads()) co_return co_await endStandby();
    co_await metricWatch_->stop();
    co_await chats_->stop();
    co_await remediation_->stop();
    co_await approvals_->stop();
    co_await changes_->stop();
    co_await reveals_->stop();
    co_await backups_->stop();
    co_await enricher_->stop();
    co_await control_->stop();
    for (const auto& cluster : clusters_) co_await cluster->stop();
    co_await tasks_.stop();
    co_await silenceMirrors_->stop();
    for (const auto& cluster : leaving_) co_await cluster->stop();
    std::vector<storage::AuditEntry> audit(1, storage::AuditEntry{clock_.now(), "klaw", "stop", "done", {}, "{}"});
    co_await flushed(std::move(audit));
    co_await courier_->stop(2s);
    storage::UnitOfWork calls;
    calls.meta = budgets_->meta();
    writer_->submit(std::move(calls));
    stateVersion_ += 1;
    stateChanged_.notify();
    if (candidacy_) {
        endWriting();
        co_await candidacy_->withdraw();
    }
    if (sharing_) co_await sharing_->stop();
    if (demo_) co_await demo_->stop();
    co_await server_->stop(500ms);
}

/// All of it or nothing: a mistake in the configuration or in one rule leaves everything as it was.
Task<void> AgentRun::reload() {
    spdlog::info("reading the configuration and the rules again");
    auto reloading = leads() ? reloadAll() : reloadStandby();
    auto reloaded = co_await std::move(reloading);
    reloadTrouble_ = reloaded ? "" : reloaded.error().describe();
    if (!reloaded) spdlog::error("everything stays as it was: {}", reloadTrouble_);
    noteState();
}

Task<Result<void>> AgentRun::reloadAll() {
    auto config = readConfigAgain();
    if (!config) co_return fail(std::move(config).error());
    auto onDisk = demo_ ? Result<FoundClusters>(setup_.found) : clustersOnDisk(config->clusters);
    if (!onDisk) co_return fail(std::move(onDisk).error());
    auto filled = co_await fillSecrets(loop_, clock_, *config, onDisk->clusters);
    if (!filled) co_return filled;
    auto files = readRuleFiles(*config);
    if (!files.errors.empty()) co_return fail(std::move(files.errors.front()));
    auto report = rules_->load(std::move(files.sources));
    for (const auto& error : report.errors) spdlog::error("{}", error.describe());
    if (!report.ok()) co_return fail(std::move(report.errors.front()));
    for (const auto& warning : report.warnings) spdlog::warn("{}", warning.describe());
    setup_.config = std::move(*config);
    followConfig();
    replaceRules(report.rules);
    lookForClustersNow_ = true;
    clusterSourcesChanged_.notify();
    auto record = rules_->record(*report.rules, clock_.now());
    record.audit.push_back({clock_.now(), "klaw", "rules.load", "done", {}, "{}"});
    gate_->commit(std::move(record), {});
    co_return Result<void>();
}

Result<Config> AgentRun::readConfigAgain() {
    if (setup_.configFile.empty()) return setup_.config;
    auto report = loadConfig(setup_.configFile);
    if (!report) return fail(std::move(report).error());
    if (!report->ok()) return fail(std::move(report->errors.front()));
    for (const auto& warning : configWarnings(setup_.configFile)) spdlog::warn("{}", warning.describe());
    auto config = std::move(report->config);
    if (setup_.commandLine) setup_.commandLine(config);
    auto placeOf = [](const Config& each) { return each.postgres ? each.postgres->place() : std::string(); };
    bool moved = config.data != setup_.config.data || placeOf(config) != placeOf(setup_.config) ||
                 config.history != setup_.config.history || config.listenAddress != setup_.config.listenAddress ||
                 config.listenPort != setup_.config.listenPort || config.leadership != setup_.config.leadership;
    if (moved)
        spdlog::warn(
            "`data`, `storage`, `history`, `leadership` and `listen` stay as they were: these take effect with a "
            "restart");
    config.data = setup_.config.data;
    config.postgres = setup_.config.postgres;
    config.history = setup_.config.history;
    config.listenAddress = setup_.config.listenAddress;
    config.listenPort = setup_.config.listenPort;
    config.leadership = setup_.config.leadership;
    return config;
}

void AgentRun::followConfig() {
    setUpLogging(setup_.config.log);
    consoleUrl_ = consoleUrlOf(setup_.config, port_);
    followChannels();
    pipeline_->replacePlanner(makePlanner(setup_.config, consoleUrl_), clock_.now());
    pipeline_->setMaintenance(rules::Maintenance(setup_.config.maintenance), clock_.now());
    followAlertmanagers();
    heartbeat_.follow(setup_.config.heartbeat);
    backups_->follow(setup_.config.backups);
}

void AgentRun::replaceRules(std::shared_ptr<const rules::RuleSet> rules) {
    setup_.rules = std::move(rules);
    auto now = clock_.now();
    pipeline_->replaceRules(setup_.rules, now);
    for (const auto& cluster : clusters_)
        for (const auto& resource : cluster->follow(setup_.rules))
            pipeline_->reevaluate(cluster->name(), resource, now);
    metricWatch_->follow(setup_.rules, setup_.config.metrics, clusters_);
    spdlog::info("{} rules run", setup_.rules->rules().size());
    scheduleFlush();
}

std::string AgentRun::metrics() {
    auto sources = metricWatch_ ? metricWatch_->status() : std::vector<MetricSourceStatus>();
    return metrics_.text({*pipeline_, *courier_, *silenceMirrors_, clusters_, *writer_, chats_->views(),
                          budgets_->all(), heartbeat_.counts(), readiness().ready, reloadTrouble_.empty(),
                          loop_.turns(), std::move(sources), historyStatus(), enricher_->counts(),
                          backups_->counts()}) +
           sharesMetrics();
}

serve::ConsoleBackend::Readiness AgentRun::readiness() {
    Readiness state{!clusters_.empty() && !ending_, {}};
    for (const auto& cluster : clusters_) {
        auto view = cluster->view();
        if (!view.ready) {
            state.ready = false;
            state.text += "cluster " + view.name + ": not synced yet\n";
        }
        for (const auto& problem : view.problems) state.text += "cluster " + view.name + ": " + problem + "\n";
    }
    for (const auto& source : clusterSources()) {
        if (source.name.empty() || setup_.found.find(source.name)) continue;
        state.ready = false;
        state.text += "cluster " + source.name + ": not found yet\n";
    }
    for (const auto& problem : setup_.found.problems) state.text += "clusters: " + problem.describe() + "\n";
    if (metricWatch_)
        for (const auto& source : metricWatch_->status())
            if (!source.lastError.empty())
                state.text +=
                    "cluster " + source.cluster + ": no metrics from " + source.source + ": " + source.lastError + "\n";
    for (const auto& chat : chats_->views())
        if (chat.listens && !chat.connected)
            state.text +=
                "chat " + chat.name + ": not connected" + (chat.lastError.empty() ? "" : ": " + chat.lastError) + "\n";
    if (candidacy_) state.text += "leads by the lease " + candidacy_->lease() + "\n";
    state.text += sharesText();
    if (!reloadTrouble_.empty()) state.text += "configuration: the last reload was refused: " + reloadTrouble_ + "\n";
    if (!storageTrouble_.empty()) state.text += "storage: " + storageTrouble_ + "\n";
    if (auto reason = writer_->degradedReason()) state.text += "storage: " + reason->describe() + "\n";
    state.text = (state.ready ? "ready\n" : "not ready\n") + state.text;
    return state;
}

}  // namespace klaw::app
