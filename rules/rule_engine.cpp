#include "rules/rule_engine.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "rules/owner.hpp"

namespace klaw::rules {
namespace {

constexpr std::string_view eventsResource = "events";
/// API servers forget Events after an hour: what came in a longer pause of the agent is not known.
constexpr Duration eventsLive = 50min;

std::string_view uidOf(PackedView object) {
    static const auto metadata = FieldName::of("metadata");
    static const auto uid = FieldName::of("uid");
    return object[metadata][uid].asString();
}

/// "namespace/name".
std::string pathOf(PackedView object) {
    static const auto metadata = FieldName::of("metadata"), ns = FieldName::of("namespace"),
                      name = FieldName::of("name");
    auto described = object[metadata];
    std::string path(described[ns].asString());
    return path.append(1, '/').append(described[name].asString());
}

/// How often the Event's previous version had happened, where the observer says it.
std::optional<std::uint64_t> countBefore(const Change& change) {
    auto count = change.old["count"];
    if (!count) return std::nullopt;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, count.asInt()));
}

std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

TimePoint newest(const std::vector<Alert>& alerts, const std::vector<EventCounter>& counters) {
    TimePoint time{};
    for (const auto& alert : alerts) time = std::max(time, alert.updatedAt);
    for (const auto& counter : counters) time = std::max(time, counter.at);
    return time;
}

/// The cache has an order of its own; a replay on another machine must not depend on it.
void sortByFingerprint(std::vector<Transition>& transitions, std::size_t from) {
    std::vector<std::size_t> order;
    for (auto i = from; i < transitions.size(); ++i) order.push_back(i);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const auto& left = transitions[a].alert.fingerprint;
        const auto& right = transitions[b].alert.fingerprint;
        return left == right ? a < b : left < right;
    });
    std::vector<Transition> sorted;
    for (auto i : order) sorted.push_back(std::move(transitions[i]));
    std::move(sorted.begin(), sorted.end(), transitions.begin() + static_cast<std::ptrdiff_t>(from));
}

}  // namespace

RuleEngine::RuleEngine(std::shared_ptr<const RuleSet> rules, const ObjectSource& objects, EngineOptions options)
    : rules_(std::move(rules)),
      objects_(objects),
      options_(std::move(options)),
      metrics_(book_, [this](const Rule& rule) { ++counters_[rule.name].matches; }),
      absences_(book_),
      efforts_(rules_->rules().size()) {}

/// One evaluation of many is measured: looking at the clock costs as much as some conditions.
template <class Work>
auto RuleEngine::measured(const Rule& rule, Work work) {
    constexpr std::uint64_t oneOf = 64;
    auto& effort = efforts_[static_cast<std::size_t>(&rule - rules_->rules().data())];
    bool measures = effort.evaluations++ % oneOf == 0 && options_.stopwatch;
    auto start = measures ? options_.stopwatch() : Duration{};
    auto result = work();
    if (measures) {
        ++effort.measured;
        effort.spent += options_.stopwatch() - start;
    }
    return result;
}

RuleCounters RuleEngine::countersOf(std::string_view name) const {
    auto known = counters_.find(name);
    auto counters = known == counters_.end() ? RuleCounters() : known->second;
    if (const auto* rule = rules_->find(name)) {
        const auto& effort = efforts_[static_cast<std::size_t>(rule - rules_->rules().data())];
        counters.evaluations = effort.evaluations;
        counters.measured = effort.measured;
        counters.spent = effort.spent;
    }
    return counters;
}

std::string RuleEngine::windowNotCovered(const Rule& rule) const {
    auto from = metrics_.notCoveredBefore(rule);
    if (!from) return {};
    auto seconds = std::chrono::ceil<std::chrono::seconds>(*from);
    return "the window of " + formatDuration(rule.series.window) + " is not covered before " + formatRfc3339(seconds);
}

void RuleEngine::restore(std::vector<Alert> alerts, std::vector<EventCounter> counters,
                         std::optional<TimePoint> lastAlive) {
    if (!lastAlive && !(alerts.empty() && counters.empty())) lastAlive = newest(alerts, counters);
    if (lastAlive) book_.setLastAlive(*lastAlive);
    if (lastAlive) lastAlive_ = *lastAlive;
    for (const auto& counter : counters) {
        const auto* rule = rules_->find(counter.rule);
        if (!rule) continue;
        if (rule->kind == Rule::Kind::Event && rule->absent)
            absences_.restore(rule->name, counter.cluster, counter.at);
        else if (rule->followsWindow())
            windows_.restore(counter, rule->threshold);
    }
    for (auto& alert : alerts) {
        const auto* rule = rules_->find(alert.rule);
        bool ofWindow = rule && rule->followsWindow();
        if (!alert.origin.empty()) {
            book_.restore(std::move(alert), {}, true);
            continue;
        }
        bool ofMetrics = rule && (rule->kind == Rule::Kind::Metric || rule->kind == Rule::Kind::Promql);
        if (ofMetrics && !rule->absent && alert.state() != AlertState::Resolved) metrics_.restore(alert);
        if (alert.state() != AlertState::Resolved) {
            if (!followsSame(alert)) orphans_.push_back(alert.fingerprint);
            if (ofWindow) windows_.restoreEmpty(alert);
        }
        AlertBook::Holding holding;
        if (rule) holding = {rule->keepFiringFor, false, rule->lookback};
        book_.restore(std::move(alert), holding, ofWindow);
    }
}

void RuleEngine::apply(const Change& change, TimePoint now, EngineOutput& out) {
    if (change.resource == eventsResource) {
        observeEvent(change, now, out);
    } else if (change.type == Change::Type::Deleted) {
        objectDeleted(change, now, out);
    } else if (rules_->indexFor(change.resource)) {
        remember(change.cluster, change.resource, now);
        evaluateObject(change, now, out);
    }
}

void RuleEngine::evaluateObject(const Change& change, TimePoint now, EngineOutput& out) {
    bool hasAlerts = collectRules(change);
    for (auto position : candidates_) evaluateRule(rules_->rules()[position], change, hasAlerts, now, out);
}

/// The rules that could match the object, and those that already have an alert about it. True: there are alerts.
bool RuleEngine::collectRules(const Change& change) {
    rules_->indexFor(change.resource)->candidates(change.object, candidates_);
    const auto& alerts = book_.ofObject(change.cluster, uidOf(change.object));
    if (alerts.empty()) return false;
    auto guarded = candidates_.size();
    for (const auto* alert : alerts)
        if (const auto* rule = rules_->find(alert->rule); rule && rule->kind == Rule::Kind::Resource)
            candidates_.push_back(static_cast<std::size_t>(rule - rules_->rules().data()));
    if (candidates_.size() == guarded) return true;
    std::sort(candidates_.begin(), candidates_.end());
    candidates_.erase(std::unique(candidates_.begin(), candidates_.end()), candidates_.end());
    return true;
}

/// `hasAlerts`: there were alerts about the object before this change.
void RuleEngine::evaluateRule(const Rule& rule, const Change& change, bool hasAlerts, TimePoint now,
                              EngineOutput& out) {
    auto evaluation = measured(rule, [&] { return evaluate(rule, change, now); });
    for (const auto& error : evaluation.errors) noteError(rule, error);
    // A condition that cannot be told is neither true nor false: what fires goes on.
    if (hasAlerts && evaluation.errors.empty()) ceaseOthers(rule, change, evaluation, now, out);
    if (evaluation.drafts.empty()) return;
    counters_[rule.name].matches += evaluation.drafts.size();
    AlertBook::Holding holding{rule.keepFiringFor, change.initial, rule.lookback};
    for (auto& draft : evaluation.drafts)
        if (!rule.countsOccurrences || countOccurrence(rule, change, draft, now, out))
            book_.hold(std::move(draft), holding, now, out.transitions);
}

/// Whether there is a new occurrence with which the threshold is met.
bool RuleEngine::countOccurrence(const Rule& rule, const Change& change, Alert& draft, TimePoint now,
                                 EngineOutput& out) {
    auto reading = readOccurrence(std::exchange(draft.occurrence, {}), now);
    if (!reading) return false;
    // What an object says when it is seen first may be old.
    bool news = change.type == Change::Type::Modified && !change.initial && change.old;
    auto before = news ? reading->total - 1 : reading->total;
    const auto& window = draft.fingerprint;
    auto counted = windows_.count(rule, change.cluster, window, window, *reading, before, now);
    if (counted.increase == 0) return false;
    out.counters.push_back({std::string(change.cluster), rule.name, window, window, reading->total, counted.increase,
                            std::min(reading->at.value_or(now), now)});
    const auto* known = book_.find(window);
    draft.count = known ? known->count + counted.increase : counted.inWindow;
    return counted.met;
}

void RuleEngine::ceaseOthers(const Rule& rule, const Change& change, const Evaluation& evaluation, TimePoint now,
                             EngineOutput& out) {
    std::vector<std::string> ceased;
    for (const auto* alert : book_.ofObject(change.cluster, uidOf(change.object))) {
        auto same = [&](const Alert& draft) { return draft.fingerprint == alert->fingerprint; };
        if (alert->rule == rule.name && std::none_of(evaluation.drafts.begin(), evaluation.drafts.end(), same))
            ceased.push_back(alert->fingerprint);
    }
    std::sort(ceased.begin(), ceased.end());
    for (const auto& fingerprint : ceased) book_.cease(fingerprint, now, out.transitions);
}

void RuleEngine::objectDeleted(const Change& change, TimePoint now, EngineOutput& out) {
    auto before = out.transitions.size();
    book_.endObject(change.cluster, uidOf(change.object), now, out.transitions);
    forgetWindows(before, out);
}

void RuleEngine::listCompleted(std::string_view cluster, std::string_view resource,
                               const std::function<bool(std::string_view uid)>& exists, TimePoint now,
                               EngineOutput& out) {
    if (resource == eventsResource) return awaitAbsence(Rule::Kind::Event, cluster, now, out);
    auto before = out.transitions.size();
    book_.endMissing(cluster, resource, exists, now, out.transitions);
    forgetWindows(before, out);
}

/// The windows of alerts that have ended with their object.
void RuleEngine::forgetWindows(std::size_t firstTransition, const EngineOutput& out) {
    for (auto i = firstTransition; i < out.transitions.size(); ++i)
        windows_.forget(out.transitions[i].alert.fingerprint);
}

void RuleEngine::observeEvent(const Change& change, TimePoint now, EngineOutput& out) {
    const auto* index = rules_->indexFor(eventsResource);
    if (change.type == Change::Type::Deleted || !index) return;
    index->candidates(change.object, candidates_);
    for (auto position : candidates_) {
        const auto& rule = rules_->rules()[position];
        auto selected = measured(rule, [&] { return selects(rule, change.cluster, change.object); });
        if (!selected)
            noteError(rule, selected.error());
        else if (*selected && rule.absent)
            noteSeen(rule, change, now, out);
        else if (*selected)
            countEvent(rule, change, now, out);
    }
}

void RuleEngine::noteSeen(const Rule& rule, const Change& change, TimePoint now, EngineOutput& out) {
    auto at = std::min(readEvent(change.object).at.value_or(now), now);
    absences_.seen(rule, change.cluster, at, now, out.transitions);
    out.counters.push_back({std::string(change.cluster), rule.name, "absence", {}, 1, 0, at});
}

/// The sources of these rules are looked at from now on.
void RuleEngine::awaitAbsence(Rule::Kind kind, std::string_view cluster, TimePoint now, EngineOutput& out) {
    bool blind = lastAlive_ && now - *lastAlive_ > eventsLive;
    if (blind) absences_.setBlindBefore(now);
    for (auto position : rules_->absenceRules())
        if (const auto& rule = rules_->rules()[position]; rule.kind == kind)
            absences_.begin(rule, cluster, now, out.transitions);
}

void RuleEngine::observe(const SampleBatch& batch, TimePoint now, EngineOutput& out) {
    metrics_.observe(*rules_, batch, now, out.transitions);
    std::ranges::move(metrics_.takeReadings(), std::back_inserter(out.readings));
    if (!batch.rule.empty()) return;
    awaitAbsence(Rule::Kind::Metric, batch.cluster, now, out);
    for (auto position : rules_->absenceRules()) {
        const auto& rule = rules_->rules()[position];
        auto selects = [&](const Sample& sample) { return rule.series.selects(sample); };
        if (rule.kind == Rule::Kind::Metric && std::ranges::any_of(batch.samples, selects))
            absences_.seen(rule, batch.cluster, now, now, out.transitions);
    }
}

void RuleEngine::receive(std::vector<ReceivedAlert> alerts, TimePoint now, EngineOutput& out) {
    placeReceived(alerts);
    for (auto& [firing, alert] : alerts) {
        alert.fingerprint = fingerprintOf(alert.origin + "/" + alert.rule, alert.cluster, alert.labels);
        nameReceived(alert);
        if (!firing) {
            book_.end(alert.fingerprint, now, out.transitions);
            continue;
        }
        if (alert.activeAt == TimePoint() || alert.activeAt > now) alert.activeAt = now;
        book_.hold(std::move(alert), {}, now, out.transitions);
    }
}

/// What a rule of ours tells of as well goes by its name, and so shares its card; its own stays as a label.
void RuleEngine::nameReceived(Alert& alert) const {
    auto known = options_.namesElsewhere.find(alert.rule);
    if (rules_->find(alert.rule) || known == options_.namesElsewhere.end() || !rules_->find(known->second)) return;
    alert.labels.try_emplace("alertname", alert.rule);
    alert.rule = known->second;
}

/// Alerts of others name Pods: here they belong to the workload, as our own do, and share its card. All are found in
/// one look at the objects of a kind.
void RuleEngine::placeReceived(std::vector<ReceivedAlert>& alerts) const {
    using Kind = std::pair<std::string, std::string>;  // cluster and resource
    std::map<Kind, std::unordered_multimap<std::string, Alert*>> wanted;
    for (auto& [firing, alert] : alerts)
        if (firing && !alert.object.name.empty())
            wanted[{alert.cluster, alert.object.resource}].emplace(alert.object.ns + "/" + alert.object.name, &alert);
    for (auto& [kind, byName] : wanted) {
        const auto& [cluster, resource] = kind;
        objects_.forEach(cluster, resource, [&](PackedView object) {
            auto [first, last] = byName.equal_range(pathOf(object));
            if (first == last) return;
            auto owner = ownerOf(cluster, resource, object);
            auto known = refOf(cluster, resource, object);
            // The uid would end the alert with the Pod; only its sender knows when it is over.
            known.uid.clear();
            for (auto each = first; each != last; ++each) {
                each->second->owner = owner;
                each->second->object = known;
            }
        });
    }
}

void RuleEngine::sourceLost(std::string_view cluster, std::string_view source, TimePoint now, EngineOutput& out) {
    metrics_.lost(cluster, source, now, out.transitions);
    awaitAbsence(Rule::Kind::Metric, cluster, now, out);
}

void RuleEngine::countEvent(const Rule& rule, const Change& change, TimePoint now, EngineOutput& out) {
    auto about = involvedObject(change.cluster, change.object);
    auto involved = about.uid.empty() ? PackedView() : objects_.find(change.cluster, about.resource, about.uid);
    auto draft = draftOfEvent(rule, change.cluster, change.object, involved, now);
    const auto* known = book_.find(draft.fingerprint);
    if (known && known->object.uid != draft.object.uid) {
        book_.end(draft.fingerprint, now, out.transitions);
        windows_.forget(draft.fingerprint);
    }
    auto reading = readEvent(change.object);
    auto uid = uidOf(change.object);
    auto counted = windows_.count(rule, change.cluster, draft.fingerprint, uid, reading, countBefore(change), now);
    if (counted.increase == 0) return;
    out.counters.push_back({std::string(change.cluster), rule.name, draft.fingerprint, std::string(uid), reading.total,
                            counted.increase, std::min(reading.at.value_or(now), now)});
    if (counted.met) raiseEvent(rule, change, std::move(draft), counted, now, out);
}

void RuleEngine::raiseEvent(const Rule& rule, const Change& change, Alert draft, const EventWindows::Counted& counted,
                            TimePoint now, EngineOutput& out) {
    const auto* known = book_.find(draft.fingerprint);
    renderEvent(rule, change.object, known ? known->count + counted.increase : counted.inWindow, draft);
    ++counters_[rule.name].matches;
    book_.hold(std::move(draft), {rule.keepFiringFor, change.initial, rule.lookback}, now, out.transitions);
}

void RuleEngine::due(TimePoint now, EngineOutput& out) {
    for (const auto& fingerprint : orphans_) book_.end(fingerprint, now, out.transitions);
    orphans_.clear();
    while (auto window = windows_.takeUnmet(now)) book_.cease(*window, now, out.transitions);
    if (nextRecheck_ && *nextRecheck_ <= now) recheck(now);
    lookOn(now, out);
    absences_.due(*rules_, now, out.transitions);
    book_.due(now, out.transitions);
}

std::optional<TimePoint> RuleEngine::nextDue() const {
    if (!orphans_.empty() || !looks_.empty()) return TimePoint();
    return earlier(earlier(earlier(book_.nextDue(), windows_.nextDue()), nextRecheck_), absences_.nextDue());
}

/// Notes what has been seen, so that rules that read the clock know where to look.
void RuleEngine::remember(std::string_view cluster, std::string_view resource, TimePoint now) {
    auto known = seen_.find(cluster);
    if (known == seen_.end()) known = seen_.emplace(cluster, std::set<std::string, std::less<>>()).first;
    if (known->second.find(resource) == known->second.end()) known->second.emplace(resource);
    if (!nextRecheck_ && !rules_->timedRulesFor(resource).empty()) nextRecheck_ = now + options_.recheckEvery;
}

void RuleEngine::recheck(TimePoint now) {
    for (const auto& [cluster, resources] : seen_)
        for (const auto& resource : resources)
            if (!rules_->timedRulesFor(resource).empty()) addLook(cluster, resource, true);
    nextRecheck_ = now + options_.recheckEvery;
}

/// Unless the same is under way.
void RuleEngine::addLook(std::string_view cluster, std::string_view resource, bool clockOnly) {
    auto isSame = [&](const Look& look) {
        return look.clockOnly && clockOnly && look.cluster == cluster && look.resource == resource;
    };
    if (std::ranges::any_of(looks_, isSame)) return;
    Look look{std::string(cluster), std::string(resource), clockOnly, {}};
    objects_.forEach(cluster, resource,
                     [&](PackedView object) { look.uids.emplace_back(object["metadata"]["uid"].asString()); });
    looks_.push_back(std::move(look));
}

void RuleEngine::lookOn(TimePoint now, EngineOutput& out) {
    auto before = out.transitions.size();
    for (std::size_t looked = 0; looked < options_.lookedAtOnce && !looks_.empty();) {
        auto& look = looks_.front();
        if (look.uids.empty()) {
            looks_.pop_front();
            sortByFingerprint(out.transitions, std::exchange(before, out.transitions.size()));
            continue;
        }
        if (auto object = objects_.find(look.cluster, look.resource, look.uids.back())) lookAt(look, object, now, out);
        look.uids.pop_back();
        ++looked;
    }
    sortByFingerprint(out.transitions, before);
}

void RuleEngine::lookAt(const Look& look, PackedView object, TimePoint now, EngineOutput& out) {
    Change change{Change::Type::Modified, look.cluster, look.resource, object, object, false};
    if (!look.clockOnly) return evaluateObject(change, now, out);
    bool hasAlerts = collectRules(change);
    for (auto position : candidates_)
        if (const auto& rule = rules_->rules()[position]; rule.readsNow)
            evaluateRule(rule, change, hasAlerts, now, out);
}

bool RuleEngine::followsSame(const Alert& alert) const {
    if (!alert.origin.empty()) return true;
    const auto* rule = rules_->find(alert.rule);
    if (!rule) return false;
    const auto& resources = rule->resources;
    return rule->kind != Rule::Kind::Resource ||
           std::find(resources.begin(), resources.end(), alert.object.resource) != resources.end();
}

void RuleEngine::replaceRules(std::shared_ptr<const RuleSet> rules, TimePoint now, EngineOutput& out) {
    auto before = std::exchange(rules_, std::move(rules));
    keepEfforts(*before);
    std::vector<std::string> ended;
    book_.forEach([&](const Alert& alert) {
        if (!followsSame(alert)) ended.push_back(alert.fingerprint);
    });
    for (const auto& fingerprint : ended) book_.end(fingerprint, now, out.transitions);
    std::map<std::string, Threshold, std::less<>> thresholds;
    for (const auto& rule : rules_->rules())
        if (rule.followsWindow()) thresholds.emplace(rule.name, rule.threshold);
    windows_.keepRules(thresholds);
    metrics_.keepRules(*rules_);
    absences_.keepRules(*rules_, now, out.transitions);
    std::erase_if(counters_, [&](const auto& entry) { return !rules_->find(entry.first); });
    nextRecheck_.reset();
    for (const auto& [cluster, resources] : seen_)
        for (const auto& resource : resources) remember(cluster, resource, now);
}

/// Of rules that are as they were.
void RuleEngine::keepEfforts(const RuleSet& before) {
    std::vector<Effort> efforts(rules_->rules().size());
    for (std::size_t i = 0; i < efforts.size(); ++i) {
        const auto& rule = rules_->rules()[i];
        const auto* known = before.find(rule.name);
        if (known && known->text == rule.text)
            efforts[i] = efforts_[static_cast<std::size_t>(known - before.rules().data())];
    }
    efforts_ = std::move(efforts);
}

void RuleEngine::keepClusters(const std::set<std::string, std::less<>>& clusters, TimePoint now, EngineOutput& out) {
    absences_.keepClusters(clusters);
    metrics_.keepClusters(clusters);
    std::erase_if(seen_, [&](const auto& entry) { return !clusters.contains(entry.first); });
    std::vector<std::string> ended;
    book_.forEach([&](const Alert& alert) {
        if (alert.origin.empty() && !clusters.contains(alert.cluster)) ended.push_back(alert.fingerprint);
    });
    auto before = out.transitions.size();
    for (const auto& fingerprint : ended) book_.end(fingerprint, now, out.transitions);
    forgetWindows(before, out);
}

void RuleEngine::reevaluate(std::string_view cluster, std::string_view resource, TimePoint now, EngineOutput& out) {
    if (!rules_->indexFor(resource) || resource == eventsResource) return;
    remember(cluster, resource, now);
    addLook(cluster, resource, false);
    lookOn(now, out);
}

void RuleEngine::noteError(const Rule& rule, const std::string& error) {
    auto& counters = counters_[rule.name];
    ++counters.errors;
    counters.lastError = error;
}

}  // namespace klaw::rules
