#include "agent/app/live_control.hpp"

#include "agent/app/version.hpp"

#include <fmt/format.h>

#include <fstream>

#include "agent/app/cluster_trial.hpp"
#include "agent/operate/execution.hpp"
#include "agent/scrape/capacity_source.hpp"
#include "base/async/together.hpp"
#include "base/percent.hpp"
#include "rules/metric/builtin_metrics.hpp"
#include "rules/silence_matchers.hpp"
#include "storage/reader.hpp"

namespace klaw::app {
namespace {

operate::DeliveryView viewOf(const storage::DeliveryRecord& record) {
    operate::DeliveryView view;
    view.incidentId = record.delivery.incidentId;
    view.channel = record.delivery.channel;
    view.reason = record.delivery.reason;
    view.state = toString(record.delivery.state);
    view.createdAt = record.delivery.createdAt;
    for (const auto& attempt : record.attempts)
        view.attempts.push_back({attempt.number, attempt.startedAt, attempt.latency,
                                 std::string(toString(attempt.outcome)), attempt.code, attempt.text});
    return view;
}

Error unknownCluster(const std::string& name) {
    return Error(ErrorCode::NotFound, "there is no cluster \"" + name + "\"", {}, "`clusters` lists them");
}

Error inCluster(Error error, const std::string& cluster) {
    error.place = cluster;
    if (error.code == ErrorCode::PermissionDenied) error.remedy = "who manages this cluster can allow it by RBAC";
    return error;
}

/// A name in a path that an API server could take for several segments, or for those above.
bool isAmbiguous(std::string_view path) {
    path = path.substr(0, path.find('?'));
    while (!path.empty()) {
        auto end = std::min(path.find('/', 1), path.size());
        auto segment = percentDecode(path.substr(1, end - 1));
        if (!segment || *segment == "." || *segment == ".." || segment->find_first_of("/%?#") != std::string::npos)
            return true;
        path.remove_prefix(end);
    }
    return false;
}

Error ambiguousPath() {
    return Error(ErrorCode::InvalidArgument, "no object of Kubernetes has such a name", {},
                 "names have letters, digits, - and .");
}

}  // namespace

Result<std::vector<operate::RuleRevisionView>> readRuleHistory(const storage::Location& database,
                                                               const std::string& name) {
    constexpr std::size_t latest = 50;
    auto reader = storage::Reader::open(database);
    if (!reader) return fail(std::move(reader).error());
    auto revisions = name.empty() ? reader->latestRuleRevisions(latest) : reader->ruleRevisions(name);
    if (!revisions) return fail(std::move(revisions).error());
    std::vector<operate::RuleRevisionView> views;
    for (auto& known : *revisions)
        views.push_back({std::move(known.name), known.revision, std::move(known.author), std::move(known.source),
                         known.at, std::move(known.text), known.removed});
    return views;
}

Result<std::vector<operate::DeliveryView>> LiveControl::deliveries(std::string_view idPrefix) const {
    auto reader = storage::Reader::open(database_);
    if (!reader) return fail(std::move(reader).error());
    auto ids = reader->incidentIds(idPrefix, 2);
    if (!ids) return fail(std::move(ids).error());
    if (idPrefix.size() < 3 || ids->empty())
        return fail(ErrorCode::NotFound, "no alert has the id \"" + std::string(idPrefix) + "\"", {},
                    "`alerts` lists the open ones; write at least three characters of the id");
    if (ids->size() > 1)
        return fail(ErrorCode::InvalidArgument, "\"" + std::string(idPrefix) + "\" is the beginning of several ids", {},
                    "write more of it");
    auto records = reader->deliveriesOf(ids->front());
    if (!records) return fail(std::move(records).error());
    std::vector<operate::DeliveryView> views;
    for (const auto& record : *records) views.push_back(viewOf(record));
    return views;
}

Result<void> LiveControl::assign(const std::string& id, const std::string& person, const rules::Mark& mark) {
    std::string known;
    for (const auto& binding : config_.bindings) {
        if (binding.identities.empty()) continue;
        if (binding.name == person) return pipeline_.assign(id, person, mark);
        if (!binding.name.empty()) known += (known.empty() ? "" : ", ") + binding.name;
    }
    return fail(ErrorCode::InvalidArgument, "nobody is called \"" + person + "\"", {},
                known.empty() ? "give people a `name` under `access` in the configuration" : "one of " + known);
}

Result<rules::Silence> LiveControl::silence(std::vector<rules::Matcher> matchers, Duration length,
                                            const rules::Mark& mark) {
    if (auto fine = rules::checkMatchers(matchers); !fine) return fail(std::move(fine).error());
    rules::Silence silence;
    if (const auto* known = pipeline_.silenceWith(matchers, mark.at); known && known->endsAt < mark.at + length) {
        silence = *known;
        silence.endsAt = mark.at + length;
        silence.comment += (silence.comment.empty() ? "" : "; ") + ("extended by " + mark.by) +
                           (mark.comment.empty() ? "" : ": ") + mark.comment;
        pipeline_.addSilence(silence, mark.at);
        return silence;
    }
    silence.id = fmt::format("{:012x}", random_.next() >> 16);
    silence.matchers = std::move(matchers);
    silence.startsAt = mark.at;
    silence.endsAt = mark.at + length;
    silence.createdBy = mark.by;
    silence.comment = mark.comment;
    pipeline_.addSilence(silence, mark.at);
    return silence;
}

Result<operate::Reach> LiveControl::reachOf(const std::vector<rules::Matcher>& matchers) const {
    constexpr std::size_t mostResolved = 10'000;
    auto compiled = rules::CompiledMatchers::compile(matchers);
    if (!compiled) return fail(std::move(compiled).error());
    operate::Reach reach;
    pipeline_.engine().forEachAlert([&](const rules::Alert& alert) {
        reach.firing += alert.state() == rules::AlertState::Firing && compiled->match(alert);
    });
    reach.lately = reach.firing;
    storage::AlertFilter resolved;
    resolved.state = rules::AlertState::Resolved;
    resolved.limit = mostResolved;
    auto reader = storage::Reader::open(database_);
    auto lately = reader ? reader->alerts(resolved) : fail(reader.error());
    if (!lately) return fail(std::move(lately).error());
    for (const auto& alert : *lately) reach.lately += alert.updatedAt >= now() - 24h && compiled->match(alert);
    return reach;
}

std::vector<rules::Silence> LiveControl::activeSilences() const {
    return pipeline_.silencesAt(now());
}

std::vector<operate::SilenceCopyView> LiveControl::silenceCopies(const rules::Silence& silence) const {
    std::vector<operate::SilenceCopyView> views;
    for (auto& copy : silenceMirrors_.statusOf(silence))
        views.push_back({copy.alertmanager, copy.state == deliver::SilenceCopyStatus::State::Copied,
                         copy.state == deliver::SilenceCopyStatus::State::Refused, copy.reason});
    return views;
}

std::vector<operate::AlertmanagerView> LiveControl::alertmanagers() const {
    std::vector<operate::AlertmanagerView> views;
    for (const auto& mirror : silenceMirrors_.status())
        views.push_back({mirror.alertmanager, mirror.waiting, mirror.lastError});
    return views;
}

std::vector<operate::RuleView> LiveControl::rules() const {
    std::map<std::string, std::size_t> firing;
    pipeline_.engine().forEachAlert(
        [&](const rules::Alert& alert) { firing[alert.rule] += alert.state() == rules::AlertState::Firing; });
    std::vector<operate::RuleView> views;
    for (const auto& rule : pipeline_.engine().rules().rules()) {
        operate::RuleView view;
        view.name = rule.name;
        view.group = rule.group;
        view.source = rule.source;
        view.severity = rule.severity;
        view.firing = firing[rule.name];
        auto counters = pipeline_.engine().countersOf(rule.name);
        view.errors = counters.errors;
        view.lastError = counters.lastError;
        view.unavailable = unavailable(rule);
        views.push_back(std::move(view));
    }
    return views;
}

operate::RuleActivity LiveControl::ruleActivity(const std::string& name) const {
    auto counters = pipeline_.engine().countersOf(name);
    operate::RuleActivity activity;
    activity.evaluations = counters.evaluations;
    if (counters.measured > 0) activity.cost = counters.spent / static_cast<std::int64_t>(counters.measured);
    activity.matches = counters.matches;
    activity.errors = counters.errors;
    activity.lastError = counters.lastError;
    pipeline_.engine().forEachAlert([&](const rules::Alert& alert) {
        if (alert.rule == name) ++(alert.state() == rules::AlertState::Firing ? activity.firing : activity.pending);
    });
    const auto* rule = ruleSet().find(name);
    if (rule) activity.unavailable = unavailable(*rule);
    return activity;
}

/// A rule that looks at what is not known is never silently false.
std::string LiveControl::unavailable(const rules::Rule& rule) const {
    if (metrics_)
        if (auto reason = metrics_->unavailable(rule); !reason.empty()) return reason;
    bool builtin = rule.kind == rules::Rule::Kind::Metric && rules::findBuiltinMetric(rule.series.metric);
    auto resources = builtin ? rules::resourcesForMetric(rule.series.metric) : rule.resources;
    for (const auto& cluster : clusters_)
        for (const auto& resource : resources)
            if (auto trouble = cluster->trouble(resource); !trouble.empty())
                return resource + " of " + cluster->name() + ": " + trouble;
    return pipeline_.engine().windowNotCovered(rule);
}

Result<std::vector<operate::RuleRevisionView>> LiveControl::ruleHistory(const std::string& name) const {
    return readRuleHistory(database_, name);
}

Result<std::vector<std::string>> LiveControl::applyRules(const std::string& fileName, const std::string& yaml,
                                                         const rules::Mark& mark) {
    return keeper_->apply({fileName, yaml}, mark, install_);
}

Result<void> LiveControl::revertRule(const std::string& name, std::uint64_t revision, const rules::Mark& mark) {
    auto reader = storage::Reader::open(database_);
    auto revisions = reader ? reader->ruleRevisions(name) : fail(reader.error());
    if (!revisions) return fail(std::move(revisions).error());
    for (const auto& known : *revisions)
        if (known.revision == revision && !known.removed) return keeper_->revert(known, mark, install_);
    return fail(ErrorCode::NotFound, fmt::format("the rule \"{}\" has no revision {} to go back to", name, revision),
                {}, "`rules history " + name + "` lists them");
}

Result<void> LiveControl::removeRule(const std::string& name, const rules::Mark& mark) {
    return keeper_->remove(name, mark, install_);
}

ClusterWatch* LiveControl::clusterNamed(std::string_view name) const {
    auto found = std::ranges::find_if(clusters_, [&](const auto& each) { return each->name() == name; });
    return found == clusters_.end() ? nullptr : found->get();
}

kube::Person LiveControl::personOf(const access::Request& request) const {
    return kube::Person(request.identity, gate_->policy().groupsOf(request, now()));
}

Task<Result<operate::Answer>> LiveControl::answerOf(operate::Caller caller, operate::Question question) {
    constexpr Duration patience = 10s;
    auto* watched = clusterNamed(question.cluster);
    if (!watched) co_return fail(unknownCluster(question.cluster));
    if (isAmbiguous(question.path)) co_return fail(ambiguousPath());
    access::Request request{
        caller.identity,  caller.chat, "read", "read", access::placeOfPath(question.cluster, question.path),
        caller.membership};
    auto decision = gate_->policy().decide(request, now());
    if (!decision.allowed) co_return fail(ErrorCode::PermissionDenied, std::move(decision.reason));
    auto began = now();
    auto server = watched->sharedServer();  // it outlives the cluster, which may leave meanwhile
    auto response =
        co_await server->get(std::move(question.path), patience, std::move(question.accept), personOf(request));
    if (!response) co_return fail(inCluster(std::move(response).error(), question.cluster));
    operate::Answer answer{std::move(response->body), now() - began, response->certificateEnds};
    co_return answer;
}

Task<Result<std::string>> LiveControl::askCluster(operate::Caller caller, std::string cluster, std::string path,
                                                  std::string accept) {
    operate::Question question{std::move(cluster), std::move(path), std::move(accept)};
    auto answer = co_await answerOf(std::move(caller), std::move(question));
    if (!answer) co_return fail(std::move(answer).error());
    co_return std::move(answer->text);
}

Task<std::vector<Result<operate::Answer>>> LiveControl::askClusters(operate::Caller caller,
                                                                    std::vector<operate::Question> questions) {
    std::vector<Task<Result<operate::Answer>>> asked;
    for (auto& question : questions) asked.push_back(answerOf(caller, std::move(question)));
    co_return co_await together(loop_, questions_, "question to a cluster", std::move(asked));
}

Task<std::optional<operate::CapacityView>> LiveControl::capacityOf(std::string cluster) {
    auto* watched = clusterNamed(cluster);
    bool known = watched && watched->ready() && watched->observer("nodes") && watched->observer("pods");
    if (!known) co_return std::nullopt;
    auto capacity = co_await scrape::capacityOf(objects_, cluster);
    operate::CapacityView view;
    view.cpu = capacity.allocatable().cpu;
    view.memory = capacity.allocatable().memory;
    view.cpuRequested = capacity.requested().cpu;
    view.memoryRequested = capacity.requested().memory;
    co_return view;
}

Task<Result<void>> LiveControl::mayChange(operate::Caller caller, std::string cluster,
                                          std::vector<kube::ChangeRequest> changes) {
    constexpr Duration patience = 10s;
    auto* watched = clusterNamed(cluster);
    if (!watched) co_return fail(unknownCluster(cluster));
    auto server = watched->sharedServer();
    if (!server->access().impersonateCallers) co_return Result<void>();
    for (auto& change : changes) {
        access::Request request{
            caller.identity, caller.chat, "read", "read", access::placeOfPath(cluster, change.path), caller.membership};
        auto person = personOf(request);
        auto may = co_await server->mayChange(std::move(person), std::move(change), patience);
        if (!may) co_return fail(inCluster(std::move(may).error(), cluster));
    }
    co_return Result<void>();
}

security::Terms LiveControl::auditTerms() const {
    auto terms = config_.security;
    terms.programVersion = programVersion;
    return terms;
}

Task<Result<std::string>> LiveControl::changeCluster(access::Permit permit, kube::ChangeRequest change) {
    constexpr Duration patience = 30s;
    auto* watched = clusterNamed(permit.cluster());
    if (!watched) co_return fail(unknownCluster(permit.cluster()));
    if (isAmbiguous(change.path)) co_return fail(ambiguousPath());
    auto server = watched->sharedServer();
    if (change.isExec()) {
        auto outcome = co_await server->exec(std::move(permit), std::move(change));
        if (!outcome) co_return fail(inCluster(std::move(outcome).error(), server->access().name));
        co_return operate::toJson(*outcome);
    }
    Result<net::HttpResponse> response = net::HttpResponse();
    if (change.isRead())
        response = co_await server->read(std::move(permit), std::move(change), patience);
    else
        response = co_await server->change(std::move(permit), std::move(change), patience);
    if (!response) co_return fail(inCluster(std::move(response).error(), server->access().name));
    co_return std::move(response->body);
}

/// As every Pod is told: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
std::string LiveControl::ownNamespace() const {
    std::ifstream file("/var/run/secrets/kubernetes.io/serviceaccount/namespace");
    std::string name;
    std::getline(file, name);
    return name;
}

std::string LiveControl::grant(access::Grant wanted) {
    wanted.id = fmt::format("{:08x}", random_.next() >> 32);
    auto id = wanted.id;
    grants_->add(std::move(wanted));
    return id;
}

Result<std::vector<storage::AuditRow>> LiveControl::audit(const storage::AuditFilter& filter) const {
    auto reader = storage::Reader::open(database_);
    return reader ? reader->audit(filter) : fail(reader.error());
}

Result<std::optional<storage::AuditAnchor>> LiveControl::auditAnchor() const {
    auto reader = storage::Reader::open(database_);
    return reader ? reader->auditAnchor() : fail(reader.error());
}

Result<std::vector<storage::ObjectChange>> LiveControl::objectChanges(const storage::ObjectChange& object,
                                                                      TimePoint since) const {
    constexpr std::size_t latest = 200;
    auto reader = storage::Reader::open(database_);
    return reader ? reader->objectChanges(object, since, latest) : fail(reader.error());
}

std::vector<operate::ClusterView> LiveControl::clusters() const {
    std::vector<operate::ClusterView> views;
    for (const auto& cluster : clusters_) {
        auto& view = views.emplace_back(cluster->view());
        auto source = found_->sources.find(view.name);
        if (source == found_->sources.end()) continue;
        view.labels = source->second.labels;
        view.readOnly = source->second.readOnly;
        view.added = book_->find(view.name) != nullptr;
    }
    if (!metrics_) return views;
    for (const auto& source : metrics_->status())
        for (auto& view : views)
            if (view.name == source.cluster && !source.lastError.empty())
                view.problems.push_back("metrics from " + source.source + ": " + source.lastError);
    return views;
}

Task<Result<operate::ClusterTrial>> LiveControl::tryCluster(operate::Caller caller, std::string name) {
    const auto* known = found_->find(name);
    if (!known) co_return fail(unknownCluster(name));
    access::Request request{caller.identity,  caller.chat, "clusters", "read", access::Place{name, {}, {}, {}, false},
                            caller.membership};
    auto decision = gate_->decide(request);
    if (!decision.allowed) co_return fail(ErrorCode::PermissionDenied, std::move(decision.reason));
    co_return co_await tryAccess(loop_, clock_, questions_, *known, ruleSet().resources());
}

Task<Result<operate::ClusterTrial>> LiveControl::tryCluster(kube::ClusterSource source) {
    auto clusters = found_->clusters;
    auto access = co_await findCluster(loop_, clock_, std::move(source), std::move(clusters));
    if (!access) co_return fail(std::move(access).error());
    co_return co_await tryAccess(loop_, clock_, questions_, std::move(*access), ruleSet().resources());
}

/// Those of the configuration count also while they are not found.
bool LiveControl::isConfigured(const std::string& name) const {
    return std::ranges::find(config_.clusters, name, &ClusterConfig::name) != config_.clusters.end() ||
           (found_->find(name) && !book_->find(name));
}

Result<void> LiveControl::addCluster(const kube::ClusterSource& source) {
    if (isConfigured(source.name) || book_->find(source.name) || book_->isPending(source.name))
        return fail(ErrorCode::InvalidArgument, "there is a cluster \"" + source.name + "\" already", {},
                    "choose another name");
    book_->put(source.name, source);
    return {};
}

Result<void> LiveControl::mayRemove(const std::string& name) const {
    if (book_->find(name)) return {};
    if (!isConfigured(name)) return fail(unknownCluster(name));
    return fail(ErrorCode::InvalidArgument, "the cluster \"" + name + "\" stands in the configuration", {},
                "take it out of `clusters` there and reload");
}

Result<void> LiveControl::removeCluster(const std::string& name) {
    if (auto may = mayRemove(name); !may) return may;
    book_->remove(name);
    for (const auto& [scope, run] : audits_->all())
        if (scope == name || scope.starts_with(name + "/") || scope.starts_with(name + " ")) audits_->remove(scope);
    return {};
}

/// Each namespace of each cluster may have one: the oldest give way.
void LiveControl::keepAudit(const std::string& scope, const security::Run& run) {
    constexpr std::size_t mostScopes = 200;
    const auto& all = audits_->all();
    if (all.size() >= mostScopes && !all.contains(scope)) {
        auto older = [](const auto& a, const auto& b) { return a.second.at < b.second.at; };
        audits_->remove(std::ranges::min_element(all, older)->first);
    }
    audits_->put(scope, run);
}

std::vector<std::string> LiveControl::clusterProblems() const {
    std::vector<std::string> problems;
    for (const auto& problem : found_->problems) problems.push_back(problem.describe());
    return problems;
}

operate::Defaults LiveControl::defaultsOf(const operate::Caller& caller) const {
    const auto* known = defaults_->find(caller.chat.empty() ? caller.identity : caller.chat);
    return known ? *known : operate::Defaults();
}

void LiveControl::setDefaults(const operate::Caller& caller, const operate::Defaults& defaults) {
    const auto& key = caller.chat.empty() ? caller.identity : caller.chat;
    if (defaults == operate::Defaults())
        defaults_->remove(key);
    else
        defaults_->put(key, defaults);
}

}  // namespace klaw::app
