#include "agent/deliver/enricher.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/deliver/enrichment_text.hpp"
#include "base/percent.hpp"
#include "base/text/secrets.hpp"

namespace klaw::deliver {
namespace {

using Reason = rules::IncidentUpdate::Reason;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

bool asksFor(const rules::Alert& alert, const char* what) {
    return std::ranges::find(alert.enrich, what) != alert.enrich.end();
}

std::string namespacePath(const std::string& ns) {
    return ns.empty() ? "/api/v1" : "/api/v1/namespaces/" + percentEncode(ns);
}

/// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
std::string eventsPath(const rules::ObjectRef& object) {
    auto selector = "involvedObject.name=" + object.name;
    if (!object.kind.empty()) selector += ",involvedObject.kind=" + object.kind;
    return namespacePath(object.ns) + "/events?limit=200&fieldSelector=" + percentEncode(selector);
}

std::string podPath(const std::string& ns, const std::string& pod) {
    return namespacePath(ns) + "/pods/" + percentEncode(pod);
}

/// https://kubernetes.io/docs/reference/labels-annotations-taints/#job-name
std::string podsOfJobPath(const rules::ObjectRef& job) {
    return namespacePath(job.ns) + "/pods?limit=100&labelSelector=" + percentEncode("job-name=" + job.name);
}

std::string toldOf(const Error& error) {
    return maskSecrets(error.message);
}

}  // namespace

Enricher::Enricher(Loop& loop, LoopClock& clock, Ask ask, Found found, EnrichmentLimits limits)
    : clock_(clock),
      ask_(std::move(ask)),
      found_(std::move(found)),
      limits_(limits),
      budget_(limits.perMinute, 1min),
      changed_(loop),
      tasks_(loop, reportFailure) {}

/// By the alert that has fired longest.
std::optional<Enricher::Question> Enricher::questionOf(const rules::Incident& incident) {
    for (const auto& alert : incident.alerts) {
        if (alert.state() != rules::AlertState::Firing || alert.object.name.empty()) continue;
        Question question;
        question.incident = incident.id;
        question.object = alert.object;
        question.owner = alert.owner;
        if (question.object.cluster.empty()) question.object.cluster = incident.cluster;
        if (auto label = alert.labels.find("container"); label != alert.labels.end())
            question.container = label->second;
        question.events = asksFor(alert, rules::enrichEvents);
        bool pod = alert.object.kind == "Pod", job = alert.object.kind == "Job";
        if (pod) question.pod = alert.object.name;
        question.logs = asksFor(alert, rules::enrichLogs) && (pod || job);
        if (question.events || question.logs) return question;
    }
    return std::nullopt;
}

bool Enricher::isWorthwhile(const rules::IncidentUpdate& update) const {
    const auto& incident = update.incident;
    if (incident.resolvedAt || isQuiet(incident)) return false;
    auto last = lastTry_.find(incident.id);
    auto tried = std::max(incident.findings.at, last == lastTry_.end() ? TimePoint{} : last->second);
    bool stale = tried + limits_.again <= update.at;
    switch (update.reason) {
        case Reason::Opened:
        case Reason::Reopened:
        case Reason::SilenceEnded:
        case Reason::InhibitionEnded:
        case Reason::Grew:
        case Reason::Changed:
        case Reason::Reminded:
        case Reason::Escalated:
            return stale;
        default:
            return false;
    }
}

Enricher::Answer Enricher::consider(const rules::IncidentUpdate& update) {
    const auto& incident = update.incident;
    if (incident.resolvedAt) lastTry_.erase(incident.id);
    if (!isWorthwhile(update)) return Answer::No;
    auto question = questionOf(incident);
    if (!question) return Answer::No;
    if (waiting_.size() >= limits_.waiting || !budget_.tryTake(update.at)) {
        ++counts_.skipped;
        return Answer::Skipped;
    }
    lastTry_[incident.id] = update.at;
    waiting_.push_back(std::move(*question));
    begin();
    return Answer::UnderWay;
}

void Enricher::begin() {
    while (underWay_ < limits_.atOnce && !waiting_.empty()) {
        auto question = std::move(waiting_.front());
        waiting_.pop_front();
        ++underWay_;
        ++asking_[question.object.cluster];
        auto name = "look-up for " + question.incident;
        tasks_.spawn(std::move(name), answer(std::move(question)));
    }
}

Task<void> Enricher::answer(Question question) {
    rules::Findings findings;
    findings.ns = question.object.ns;
    bool whole = true;
    if (question.events) whole = co_await readEvents(question, findings);
    if (whole && question.logs && question.pod.empty()) whole = co_await findPod(question, findings);
    if (whole && question.logs && !question.pod.empty()) whole = co_await readLogs(question, findings);
    --underWay_;
    if (auto asked = asking_.find(question.object.cluster); --asked->second == 0) asking_.erase(asked);
    changed_.notify();
    if (!whole) co_return;
    findings.at = clock_.now();
    found_(question.incident, std::move(findings));
    begin();
}

/// False when it was cancelled.
Task<bool> Enricher::readEvents(const Question& question, rules::Findings& findings) {
    std::vector<rules::TimelineEvent> events;
    std::vector<rules::ObjectRef> objects(1, question.object);
    bool owned = question.owner.name != question.object.name && !question.owner.name.empty();
    if (owned) objects.push_back(question.owner);
    for (const auto& object : objects) {
        auto body = co_await ask(question, eventsPath(object));
        if (!body && body.error().code == ErrorCode::Cancelled) co_return false;
        if (!body) {
            findings.eventsTrouble = toldOf(body.error());
            break;
        }
        std::ranges::move(eventsFrom(*body), std::back_inserter(events));
    }
    findings.events = timelineOf(std::move(events));
    co_return true;
}

/// A Job whose Pods are gone has no log; why they cannot be listed is said.
Task<bool> Enricher::findPod(Question& question, rules::Findings& findings) {
    auto pods = co_await ask(question, podsOfJobPath(question.object));
    if (!pods && pods.error().code == ErrorCode::Cancelled) co_return false;
    if (pods)
        question.pod = failedPodOf(*pods);
    else
        findings.logsTrouble = toldOf(pods.error());
    co_return true;
}

/// False when it was cancelled.
Task<bool> Enricher::readLogs(const Question& question, rules::Findings& findings) {
    findings.pod = question.pod;
    findings.container = question.container;
    auto path = podPath(question.object.ns, question.pod);
    auto pod = co_await ask(question, path);
    if (!pod && pod.error().code == ErrorCode::Cancelled) co_return false;
    if (pod) {
        auto failed = failedContainerOf(*pod, question.container, clock_.now());
        if (!failed.name.empty()) findings.container = failed.name;
        findings.previous = failed.previous;
    }
    path += "/log?tailLines=60&limitBytes=131072";
    if (!findings.container.empty()) path += "&container=" + percentEncode(findings.container);
    if (findings.previous) path += "&previous=true";
    auto log = co_await ask(question, std::move(path));
    if (!log && log.error().code == ErrorCode::Cancelled) co_return false;
    if (log)
        findings.logs = lastLogLines(*log);
    else
        findings.logsTrouble = toldOf(log.error());
    co_return true;
}

Task<Result<std::string>> Enricher::ask(const Question& question, std::string path) {
    ++counts_.asked;
    auto answer = co_await ask_(question.object.cluster, std::move(path));
    if (!answer) ++counts_.failed;
    co_return answer;
}

Task<void> Enricher::settled(std::string cluster) {
    auto quiet = [this, cluster] { return !asking_.contains(cluster); };
    co_await changed_.until(quiet);
}

}  // namespace klaw::deliver
