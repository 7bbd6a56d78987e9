#include "agent/app/metrics.hpp"

#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>

#include "agent/app/version.hpp"
#include "agent/kube/token_expiry.hpp"

namespace klaw::app {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

/// Families that are read off the state when somebody scrapes.
class Families {
public:
    prometheus::MetricFamily& family(const std::string& name, const std::string& help, prometheus::MetricType type) {
        all_.push_back({name, help, type, {}});
        return all_.back();
    }
    static void add(prometheus::MetricFamily& family, Labels labels, double value) {
        prometheus::ClientMetric metric;
        metric.label = std::move(labels);
        if (family.type == prometheus::MetricType::Counter)
            metric.counter.value = value;
        else
            metric.gauge.value = value;
        family.metric.push_back(std::move(metric));
    }
    void gauge(const std::string& name, const std::string& help, double value) {
        add(family(name, help, prometheus::MetricType::Gauge), {}, value);
    }
    void counter(const std::string& name, const std::string& help, double value) {
        add(family(name, help, prometheus::MetricType::Counter), {}, value);
    }
    std::vector<prometheus::MetricFamily> take() {
        return {std::make_move_iterator(all_.begin()), std::make_move_iterator(all_.end())};
    }

private:
    std::list<prometheus::MetricFamily> all_;
};

prometheus::ClientMetric::Label label(const char* name, const std::string& value) {
    return {name, value};
}

void addProcess(Families& families) {
    std::ifstream statm("/proc/self/statm");
    double total = 0, resident = 0;
    statm >> total >> resident;
    families.gauge("process_resident_memory_bytes", "Resident memory size in bytes.",
                   resident * static_cast<double>(sysconf(_SC_PAGESIZE)));
    std::error_code failure;
    std::filesystem::directory_iterator descriptors("/proc/self/fd", failure);
    if (!failure)
        families.gauge("process_open_fds", "Number of open file descriptors.",
                       static_cast<double>(std::distance(begin(descriptors), end(descriptors))));
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        families.gauge("process_max_fds", "Maximum number of open file descriptors.",
                       static_cast<double>(files.rlim_cur));
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    families.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                     seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

void addBuild(Families& families, bool leads) {
    auto& build = families.family("klaw_build_info", "The version that runs.", prometheus::MetricType::Gauge);
    Families::add(build, {label("version", std::string(programVersion))}, 1);
    families.gauge("klaw_leader", "1 at the replica that leads, and where there is one only.", leads ? 1 : 0);
}

void addReady(Families& families, bool ready) {
    families.gauge("klaw_ready", "1 once the first lists of all clusters are in.", ready ? 1 : 0);
}

void addLoop(Families& families, const LoopTurns& turns) {
    families.gauge("klaw_loop_longest_turn_seconds",
                   "The longest time for which one piece of work held the event loop.",
                   std::chrono::duration<double>(turns.longest).count());
    families.counter("klaw_loop_slow_turns_total", "Pieces of work that held the event loop for more than 20 ms.",
                     static_cast<double>(turns.slowOnes));
}

std::string serialized(std::vector<prometheus::MetricFamily> all) {
    std::erase_if(all, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(all);
}

void addClusters(Families& families, const std::vector<std::unique_ptr<ClusterWatch>>& clusters) {
    using prometheus::MetricType;
    auto& objects = families.family("klaw_objects", "Objects that are kept, by resource.", MetricType::Gauge);
    auto& memory = families.family("klaw_cache_bytes", "Memory of the kept fields of objects.", MetricType::Gauge);
    auto& lines =
        families.family("klaw_watch_events_total", "Watch events and list items that were read.", MetricType::Counter);
    auto& bytes =
        families.family("klaw_watch_bytes_total", "Bytes of lists and watches that were read.", MetricType::Counter);
    auto& unchanged = families.family("klaw_watch_unchanged_total", "Updates that changed no field that is read.",
                                      MetricType::Counter);
    auto& lists = families.family("klaw_watch_lists_total", "Complete lists.", MetricType::Counter);
    auto& expired = families.family("klaw_watch_expired_total", "Lists made again because the version was too old.",
                                    MetricType::Counter);
    auto& stalls = families.family("klaw_watch_stalls_total", "Watches that fell silent and were connected again.",
                                   MetricType::Counter);
    auto& failures =
        families.family("klaw_watch_failures_total", "Lists and watches that failed.", MetricType::Counter);
    auto& refused = families.family("klaw_watch_refused_total", "Lines and pages of lists that could not be read.",
                                    MetricType::Counter);
    auto& failing =
        families.family("klaw_watch_failing", "1 while a list or watch does not succeed.", MetricType::Gauge);
    auto& synced = families.family("klaw_watch_synced", "1 once the first list is complete.", MetricType::Gauge);
    for (const auto& cluster : clusters)
        cluster->forEach([&](const std::string& resource, const kube::WatchStatus& status,
                             const observe::ResourceObserver& observer) {
            Labels labels{label("cluster", cluster->name()), label("resource", resource)};
            Families::add(objects, labels, static_cast<double>(observer.size()));
            Families::add(memory, labels, static_cast<double>(observer.memoryBytes()));
            Families::add(lines, labels, static_cast<double>(observer.counters().lines));
            Families::add(bytes, labels, static_cast<double>(status.bytes));
            Families::add(unchanged, labels, static_cast<double>(observer.counters().unchanged));
            Families::add(lists, labels, static_cast<double>(status.lists));
            Families::add(expired, labels, static_cast<double>(status.expired));
            Families::add(stalls, labels, static_cast<double>(status.stalls));
            Families::add(failures, labels, static_cast<double>(status.failures));
            Families::add(refused, labels, static_cast<double>(observer.counters().errors));
            Families::add(failing, labels, status.failingSince ? 1 : 0);
            Families::add(synced, labels, status.listed ? 1 : 0);
        });
}

double secondsOf(TimePoint time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// What an alert compares with the clock of whoever scrapes.
void addTimes(Families& families, const std::vector<std::unique_ptr<ClusterWatch>>& clusters) {
    families.gauge("klaw_time_seconds", "What this machine's clock says.", secondsOf(std::chrono::system_clock::now()));
    auto& expiry =
        families.family("klaw_token_expiry_timestamp_seconds", "When the token for a cluster ends, where it says so.",
                        prometheus::MetricType::Gauge);
    for (const auto& cluster : clusters)
        if (auto ends = kube::tokenExpiry(cluster->server().access()))
            Families::add(expiry, {label("cluster", cluster->name())}, secondsOf(*ends));
}

void addMetricSources(Families& families, const std::vector<MetricSourceStatus>& sources) {
    using prometheus::MetricType;
    auto& up = families.family("klaw_metric_source_up", "1 while a source of metrics answers.", MetricType::Gauge);
    auto& failures =
        families.family("klaw_metric_source_failures_total",
                        "Looks at a source of metrics that failed or found what cannot be read.", MetricType::Counter);
    for (const auto& source : sources) {
        Labels labels{label("cluster", source.cluster), label("source", source.source)};
        Families::add(up, labels, source.lastError.empty() ? 1 : 0);
        Families::add(failures, labels, static_cast<double>(source.failures));
    }
}

void addPipeline(Families& families, const AlertPipeline& pipeline) {
    using prometheus::MetricType;
    auto& transitions =
        families.family("klaw_alert_transitions_total", "What happened to alerts.", MetricType::Counter);
    for (const auto& [reason, count] : pipeline.counters().transitions)
        Families::add(transitions, {label("reason", reason)}, static_cast<double>(count));
    double pending = 0, firing = 0;
    pipeline.engine().forEachAlert(
        [&](const rules::Alert& alert) { ++(alert.state() == rules::AlertState::Firing ? firing : pending); });
    auto& alerts = families.family("klaw_alerts", "Alerts now, by state.", MetricType::Gauge);
    Families::add(alerts, {label("state", "pending")}, pending);
    Families::add(alerts, {label("state", "firing")}, firing);
    families.gauge("klaw_incidents_open", "Cards of problems that are open.",
                   static_cast<double>(pipeline.incidents().size()));
    families.gauge("klaw_rules", "Rules that run.", static_cast<double>(pipeline.engine().rules().rules().size()));
    auto& errors = families.family("klaw_rule_errors_total",
                                   "Evaluations that failed otherwise than by an absent field.", MetricType::Counter);
    for (const auto& [rule, counters] : pipeline.engine().counters())
        Families::add(errors, {label("rule", rule)}, static_cast<double>(counters.errors));
}

void addCourier(Families& families, const deliver::Courier& courier) {
    using prometheus::MetricType;
    auto& deliveries =
        families.family("klaw_deliveries_total", "Cards, by channel and what came of them.", MetricType::Counter);
    auto& queued = families.family("klaw_deliveries_queued", "Cards that wait to be sent.", MetricType::Gauge);
    auto& failing = families.family("klaw_delivery_failing", "1 while nothing arrives.", MetricType::Gauge);
    auto& digests = families.family("klaw_digests_total", "Cards in which several were joined.", MetricType::Counter);
    for (const auto& channel : courier.status()) {
        Families::add(deliveries, {label("channel", channel.name), label("outcome", "delivered")},
                      static_cast<double>(channel.delivered));
        Families::add(deliveries, {label("channel", channel.name), label("outcome", "retried")},
                      static_cast<double>(channel.retried));
        Families::add(deliveries, {label("channel", channel.name), label("outcome", "refused")},
                      static_cast<double>(channel.refused));
        Families::add(queued, {label("channel", channel.name)}, static_cast<double>(channel.queued));
        Families::add(failing, {label("channel", channel.name)}, channel.failingSince ? 1 : 0);
        Families::add(digests, {label("channel", channel.name)}, static_cast<double>(channel.digests));
    }
}

void addHeartbeats(Families& families, const Heartbeat::Counts& counts) {
    auto& beats = families.family("klaw_heartbeats_total", "Signs of life, by what came of them.",
                                  prometheus::MetricType::Counter);
    Families::add(beats, {label("outcome", "sent")}, static_cast<double>(counts.sent));
    Families::add(beats, {label("outcome", "failed")}, static_cast<double>(counts.failed));
    Families::add(beats, {label("outcome", "withheld")}, static_cast<double>(counts.withheld));
}

void addBackups(Families& families, const std::vector<BackupCounts>& backups) {
    using prometheus::MetricType;
    auto& success = families.family("klaw_backup_last_success_timestamp_seconds",
                                    "When the last good archive was begun.", MetricType::Gauge);
    auto& runs = families.family("klaw_backups_total", "Archives, by what came of them.", MetricType::Counter);
    auto& bytes = families.family("klaw_backup_last_bytes", "The size of the last good archive.", MetricType::Gauge);
    for (const auto& backup : backups) {
        std::chrono::duration<double> since(backup.lastSuccess.value_or(TimePoint()).time_since_epoch());
        Families::add(success, {label("name", backup.name)}, since.count());
        Families::add(runs, {label("name", backup.name), label("outcome", "done")}, static_cast<double>(backup.done));
        Families::add(runs, {label("name", backup.name), label("outcome", "failed")},
                      static_cast<double>(backup.failed));
        Families::add(bytes, {label("name", backup.name)}, static_cast<double>(backup.bytes));
    }
}

void addHistory(Families& families, const recording::HistoryStatus& history) {
    using prometheus::MetricType;
    auto& bytes = families.family("klaw_history_bytes", "What is kept of the watched, on disk.", MetricType::Gauge);
    auto& lost =
        families.family("klaw_history_lost_events_total", "Watch events that were not kept.", MetricType::Counter);
    auto& failing = families.family("klaw_history_failing", "1 while nothing can be kept.", MetricType::Gauge);
    Families::add(bytes, {}, static_cast<double>(history.bytes));
    Families::add(lost, {}, static_cast<double>(history.lostEvents));
    Families::add(failing, {}, history.trouble.empty() ? 0 : 1);
}

void addSilenceMirrors(Families& families, const deliver::SilenceMirrors& mirrors) {
    using prometheus::MetricType;
    auto& silences =
        families.family("klaw_alertmanager_silences", "Silences of people, by Alertmanager and how they stand there.",
                        MetricType::Gauge);
    auto& failures =
        families.family("klaw_alertmanager_failures_total",
                        "Tries to make, change or expire a silence there that failed.", MetricType::Counter);
    for (const auto& mirror : mirrors.status()) {
        auto add = [&](const char* state, std::size_t count) {
            Families::add(silences, {label("alertmanager", mirror.alertmanager), label("state", state)},
                          static_cast<double>(count));
        };
        add("copied", mirror.copied);
        add("waiting", mirror.waiting);
        add("refused", mirror.refused);
        Families::add(failures, {label("alertmanager", mirror.alertmanager)}, static_cast<double>(mirror.failures));
    }
}

void addChats(Families& families, const std::vector<ChatView>& chats) {
    using prometheus::MetricType;
    auto& connected =
        families.family("klaw_chat_connected", "1 while presses and messages can come in.", MetricType::Gauge);
    auto& reconnects =
        families.family("klaw_chat_reconnects_total", "Connections that ended, by reason.", MetricType::Counter);
    auto& frames = families.family("klaw_chat_frames_total", "What came in, by kind.", MetricType::Counter);
    auto& dropped =
        families.family("klaw_chat_dropped_total", "What came in and was not taken, by reason.", MetricType::Counter);
    auto& asked = families.family("klaw_chat_requests_total", "What people did, by kind; repeats are dropped.",
                                  MetricType::Counter);
    auto& calls = families.family("klaw_chat_calls_total", "Calls of the platform's API: platforms meter them.",
                                  MetricType::Counter);
    for (const auto& chat : chats) {
        auto add = [&](prometheus::MetricFamily& family, const char* name, const std::string& value, double count) {
            Families::add(family, {label("app", chat.name), label("platform", chat.platform), label(name, value)},
                          count);
        };
        if (chat.listens)
            Families::add(connected, {label("app", chat.name), label("platform", chat.platform)},
                          chat.connected ? 1 : 0);
        for (const auto& [reason, count] : chat.inbound.reconnects)
            add(reconnects, "reason", reason, static_cast<double>(count));
        for (const auto& [kind, count] : chat.inbound.frames) add(frames, "kind", kind, static_cast<double>(count));
        for (const auto& [reason, count] : chat.inbound.dropped)
            add(dropped, "reason", reason, static_cast<double>(count));
        add(asked, "kind", "messages", static_cast<double>(chat.counts.messages));
        add(asked, "kind", "presses", static_cast<double>(chat.counts.presses));
        add(asked, "kind", "repeats", static_cast<double>(chat.counts.repeats));
        for (const auto& [api, count] : chat.calls) add(calls, "api", api, static_cast<double>(count));
    }
}

/// Of people at the platforms, and of what cards show beside the rules.
void addLookUps(Families& families, const std::vector<ChatView>& chats, const deliver::Enricher::Counts& enrichment) {
    using prometheus::MetricType;
    auto& asked =
        families.family("klaw_chat_lookups_total", "Questions about people, by what was asked.", MetricType::Counter);
    auto& failed = families.family("klaw_chat_lookup_failures_total", "Those of them that were not answered.",
                                   MetricType::Counter);
    for (const auto& chat : chats) {
        auto add = [&](const char* what, const notifiers::People::Counts& counts) {
            auto labels = {label("app", chat.name), label("platform", chat.platform), label("what", what)};
            Families::add(asked, labels, static_cast<double>(counts.asked));
            Families::add(failed, labels, static_cast<double>(counts.failed));
        };
        add("name", chat.names);
        add("departments", chat.departments);
    }
    families.counter("klaw_enrichment_requests_total", "Requests for what cards show beside: logs, Events.",
                     static_cast<double>(enrichment.asked));
    families.counter("klaw_enrichment_failures_total", "Those of them that were not answered.",
                     static_cast<double>(enrichment.failed));
    families.counter("klaw_enrichment_skipped_total", "Alerts of which nothing was looked up, as there were too many.",
                     static_cast<double>(enrichment.skipped));
}

void addAccounts(Families& families, const std::vector<std::shared_ptr<const notifiers::Account>>& accounts) {
    using prometheus::MetricType;
    auto& used = families.family("klaw_month_calls", "Calls of an application or robot in the month that runs (UTC+8).",
                                 MetricType::Gauge);
    auto& left = families.family("klaw_month_calls_left", "What `calls_per_month` still allows.", MetricType::Gauge);
    for (const auto& account : accounts) {
        Families::add(used, {label("account", account->name())}, static_cast<double>(account->used()));
        if (auto rest = account->left())
            Families::add(left, {label("account", account->name())}, static_cast<double>(*rest));
    }
}

void addStorage(Families& families, const storage::Writer& writer) {
    auto stats = writer.stats();
    families.counter("klaw_storage_commits_total", "Transactions that were committed.",
                     static_cast<double>(stats.commits));
    families.counter("klaw_storage_failed_commits_total", "Transactions that had to be tried again.",
                     static_cast<double>(stats.failedCommits));
    families.counter("klaw_storage_dropped_total", "Units that were dropped for want of room.",
                     static_cast<double>(stats.droppedUnits));
    families.gauge("klaw_storage_queued", "Units that wait to be committed.", static_cast<double>(writer.queued()));
    families.gauge("klaw_storage_degraded", "1 while the database cannot be written.", writer.degraded() ? 1 : 0);
}

}  // namespace

struct Metrics::Impl {
    prometheus::Registry registry;
    prometheus::Family<prometheus::Histogram>& latency =
        prometheus::BuildHistogram()
            .Name("klaw_card_latency_seconds")
            .Help("From the decision that a card is due, durable storage included, to the platform's answer.")
            .Register(registry);
    prometheus::Family<prometheus::Histogram>& eventLatency =
        prometheus::BuildHistogram()
            .Name("klaw_event_card_latency_seconds")
            .Help(
                "From the timestamp of the Event that a card tells of, in whole seconds for most components, to the "
                "platform's answer.")
            .Register(registry);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::cardDelivered(const std::string& channel, const std::string& kind, const deliver::CardLatency& latency) {
    static const prometheus::Histogram::BucketBoundaries bounds{0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                                1,     2.5,   5,     10,   30,    60,   300, 1800};
    auto observe = [&](prometheus::Family<prometheus::Histogram>& family, Duration took) {
        family.Add({{"channel", channel}, {"kind", kind}}, bounds).Observe(std::chrono::duration<double>(took).count());
    };
    observe(impl_->latency, latency.sinceDecided);
    if (latency.sinceEvent) observe(impl_->eventLatency, *latency.sinceEvent);
}

std::string Metrics::text(const Sources& sources) const {
    Families families;
    addBuild(families, true);
    families.gauge("klaw_config_last_reload_successful",
                   "1 unless configuration and rules were refused when they were last read again.",
                   sources.reloadSuccessful ? 1 : 0);
    addReady(families, sources.ready);
    addClusters(families, sources.clusters);
    addTimes(families, sources.clusters);
    addMetricSources(families, sources.metricSources);
    addPipeline(families, sources.pipeline);
    addCourier(families, sources.courier);
    addSilenceMirrors(families, sources.silenceMirrors);
    addHeartbeats(families, sources.heartbeats);
    if (sources.history) addHistory(families, *sources.history);
    addBackups(families, sources.backups);
    addChats(families, sources.chats);
    addLookUps(families, sources.chats, sources.enrichment);
    addAccounts(families, sources.accounts);
    addStorage(families, sources.writer);
    addLoop(families, sources.turns);
    addProcess(families);
    auto all = families.take();
    for (auto& family : impl_->registry.Collect()) all.push_back(std::move(family));
    return serialized(std::move(all));
}

std::string Metrics::standbyText(const std::vector<std::unique_ptr<ClusterWatch>>& clusters, bool ready,
                                 LoopTurns turns) {
    Families families;
    addBuild(families, false);
    addReady(families, ready);
    addClusters(families, clusters);
    addLoop(families, turns);
    addProcess(families);
    return serialized(families.take());
}

std::string Metrics::sharesText(const std::map<std::string, std::size_t>& clusters, std::size_t replicas) {
    Families families;
    auto& shares = families.family("klaw_cluster_shares",
                                   "Clusters by where this replica has them from: the API server or another replica.",
                                   prometheus::MetricType::Gauge);
    for (const auto& [from, count] : clusters)
        Families::add(shares, {{"source", from.empty() ? "api_server" : from}}, static_cast<double>(count));
    families.gauge("klaw_replicas", "Replicas that are alive, with this one.", static_cast<double>(replicas));
    return serialized(families.take());
}

}  // namespace klaw::app
