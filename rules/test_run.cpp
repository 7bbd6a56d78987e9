#include "rules/test_run.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "rules/owner.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::rules {
namespace {

std::string_view uidOf(PackedView object) {
    return object["metadata"]["uid"].asString();
}

/// The cluster of a test.
class TestCluster final : public ObjectSource {
public:
    void forEach(std::string_view, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override {
        for (const auto& [key, object] : objects_)
            if (key.first == resource) visit(object.view());
    }
    PackedView find(std::string_view, std::string_view resource, std::string_view uid) const override {
        auto found = objects_.find({std::string(resource), std::string(uid)});
        return found == objects_.end() ? PackedView() : found->second.view();
    }
    /// The state before; empty when the object is new.
    PackedObject put(const TestInput& input) {
        auto& kept = objects_[{input.resource, std::string(uidOf(input.object.view()))}];
        auto before = std::move(kept);
        kept = input.object.clone();
        return before;
    }
    void erase(const TestInput& input) { objects_.erase({input.resource, std::string(uidOf(input.object.view()))}); }

private:
    std::map<std::pair<std::string, std::string>, PackedObject> objects_;
};

std::string describe(const Alert& alert) {
    std::string text = alert.rule + "{";
    for (const auto& [name, value] : alert.labels)
        text += (text.ends_with('{') ? "" : ", ") + name + "=\"" + value + "\"";
    return text + "} " + std::string(toString(alert.state()));
}

bool includes(const Labels& all, const Labels& some) {
    return std::all_of(some.begin(), some.end(), [&](const auto& entry) {
        auto found = all.find(entry.first);
        return found != all.end() && found->second == entry.second;
    });
}

/// The first difference beyond identity; "" when there is none.
std::string difference(const ExpectedAlert& expected, const Alert& alert) {
    auto differ = [](std::string_view what, std::string_view wanted, std::string_view got) {
        return std::string(what) + " is \"" + std::string(got) + "\", not \"" + std::string(wanted) + "\"";
    };
    if (expected.severity && *expected.severity != alert.severity)
        return differ("severity", toString(*expected.severity), toString(alert.severity));
    if (expected.count && *expected.count != alert.count)
        return differ("count", std::to_string(*expected.count), std::to_string(alert.count));
    if (expected.title && *expected.title != alert.title.en) return differ("title", *expected.title, alert.title.en);
    if (expected.startedBefore && *expected.startedBefore != alert.startedBefore)
        return differ("startedBefore", *expected.startedBefore ? "true" : "false",
                      alert.startedBefore ? "true" : "false");
    for (const auto& [name, value] : expected.facts) {
        auto fact = alert.facts.find(name);
        if (fact == alert.facts.end() || fact->second != value)
            return differ("fact " + name, value, fact == alert.facts.end() ? "" : std::string_view(fact->second));
    }
    return {};
}

/// Names the object that an input is about; of an Event, the one that it is about.
std::string subjectOf(const TestInput& input) {
    if (input.resource != "events") return input.resource + "/" + std::string(uidOf(input.object.view()));
    auto about = involvedObject("", input.object.view());
    return "events/" + about.kind + "/" + about.ns + "/" + about.name;
}

std::string subjectOf(const Sample& sample) {
    std::string subject = "samples/" + sample.metric;
    for (const auto& [name, value] : sample.labels) subject += "/" + name + "=" + value;
    return subject;
}

/// One test over virtual time.
class TestRun {
public:
    TestRun(const TestCase& test, std::shared_ptr<const RuleSet> rules)
        : test_(test), engine_(std::move(rules), cluster_) {}

    std::vector<std::string> run() {
        begin();
        auto input = test_.inputs.begin();
        for (const auto& [at, expectation] : sortedExpectations()) {
            for (; input != test_.inputs.end() && input->at <= at; ++input) feed(*input);
            advance(testStart() + at);
            compare(*expectation);
        }
        return std::move(failures_);
    }

    std::set<std::string> firedBy(std::string_view subject) {
        begin();
        for (const auto& input : test_.inputs) feedOf(subject, input);
        Duration last{};
        for (const auto& expectation : test_.expect) last = std::max(last, expectation.at);
        advance(std::max(now_, testStart() + last));
        std::set<std::string> fired;
        for (const auto& transition : output_.transitions)
            if (transition.reason == Transition::Reason::Fired) fired.insert(transition.alert.rule);
        return fired;
    }

private:
    void begin() {
        engine_.listCompleted(test_.cluster, "events", [](std::string_view) { return true; }, now_, output_);
    }

    /// What the input says of the subject alone.
    void feedOf(std::string_view subject, const TestInput& input) {
        if (!input.samples) {
            if (subjectOf(input) == subject) feed(input);
            return;
        }
        advance(testStart() + input.at);
        auto part = *input.samples;
        std::erase_if(part.samples, [&](const Sample& sample) { return subjectOf(sample) != subject; });
        if (part.lost || !part.samples.empty()) observe(part);
    }

    std::multimap<Duration, const Expectation*> sortedExpectations() const {
        std::multimap<Duration, const Expectation*> all;
        for (const auto& expectation : test_.expect) all.emplace(expectation.at, &expectation);
        return all;
    }

    void advance(TimePoint to) {
        for (auto due = engine_.nextDue(); due && *due <= to; due = engine_.nextDue()) {
            now_ = std::max(now_, *due);
            engine_.due(now_, output_);
        }
        now_ = to;
    }

    void feed(const TestInput& input) {
        advance(testStart() + input.at);
        if (input.samples) return observe(*input.samples);
        Change change;
        change.cluster = test_.cluster;
        change.resource = input.resource;
        change.object = input.object.view();
        change.initial = input.initial;
        PackedObject before;
        if (input.resource != "events") before = cluster_.put(input);
        change.old = before.view();
        change.type = input.deleted    ? Change::Type::Deleted
                      : before.empty() ? Change::Type::Added
                                       : Change::Type::Modified;
        if (input.deleted) cluster_.erase(input);
        engine_.apply(change, now_, output_);
    }

    void observe(const TestSamples& input) {
        if (input.lost)
            engine_.sourceLost(test_.cluster, input.source, now_, output_);
        else
            engine_.observe({test_.cluster, input.source, input.rule, input.samples}, now_, output_);
    }

    void compare(const Expectation& expectation) {
        std::vector<const Alert*> rest;
        engine_.forEachAlert([&](const Alert& alert) {
            if (test_.rule.empty() || alert.rule == test_.rule) rest.push_back(&alert);
        });
        for (const auto& expected : expectation.alerts) {
            auto found = std::find_if(rest.begin(), rest.end(), [&](const Alert* alert) {
                return alert->rule == expected.alert && alert->state() == expected.state &&
                       includes(alert->labels, expected.labels);
            });
            if (found == rest.end()) {
                failed(expected.place, expectation,
                       "expected " + expected.alert + " " + std::string(toString(expected.state)) + presentText());
                continue;
            }
            if (auto text = difference(expected, **found); !text.empty())
                failed(expected.place, expectation, describe(**found) + ": " + text);
            rest.erase(found);
        }
        for (const auto* alert : rest)
            if (alert->state() == AlertState::Firing)
                failed(expectation.place, expectation, "did not expect " + describe(*alert));
    }

    std::string presentText() const {
        std::string text;
        engine_.forEachAlert(
            [&](const Alert& alert) { text += (text.empty() ? ", there is " : ", ") + describe(alert); });
        return text.empty() ? ", there is no alert" + errorText() : text;
    }

    std::string errorText() const {
        std::string text;
        for (const auto& [rule, counters] : engine_.counters())
            if (!counters.lastError.empty()) text += "; " + rule + " failed: " + counters.lastError;
        return text;
    }

    void failed(const Place& place, const Expectation& expectation, const std::string& what) {
        failures_.push_back(place.describe() + ": " + test_.name + ": at " + formatDuration(expectation.at) + ": " +
                            what);
    }

    const TestCase& test_;
    std::vector<std::string> failures_;
    TestCluster cluster_;
    RuleEngine engine_;
    EngineOutput output_;
    TimePoint now_ = testStart();
};

}  // namespace

std::vector<std::string> failuresOf(const TestCase& test, std::shared_ptr<const RuleSet> rules) {
    return TestRun(test, std::move(rules)).run();
}

namespace {

bool looksAt(const Rule& rule, const TestInput& input) {
    if (std::ranges::find(rule.resources, input.resource) == rule.resources.end()) return false;
    if (rule.kind != Rule::Kind::Event) return rule.kind == Rule::Kind::Resource;
    const auto& reasons = rule.event.reasons;
    auto reason = input.object.view()["reason"].asString();
    return reasons.empty() || std::ranges::find(reasons, reason) != reasons.end();
}

bool looksAt(const Rule& rule, const TestSamples& batch, const Sample& sample) {
    return rule.kind == Rule::Kind::Promql ? batch.rule == rule.name
                                           : rule.kind == Rule::Kind::Metric && rule.series.selects(sample);
}

/// What the inputs of a test are about, as far as the rule looks at it.
std::set<std::string> subjectsFor(const Rule& rule, const TestCase& test) {
    std::set<std::string> subjects;
    for (const auto& input : test.inputs) {
        if (!input.samples) {
            if (looksAt(rule, input)) subjects.insert(subjectOf(input));
            continue;
        }
        for (const auto& sample : input.samples->samples)
            if (looksAt(rule, *input.samples, sample)) subjects.insert(subjectOf(sample));
    }
    return subjects;
}

}  // namespace

std::set<std::string> quietOf(const std::set<std::string>& names, const TestCase& test,
                              const std::shared_ptr<const RuleSet>& rules) {
    std::map<std::string, std::vector<std::string>> lookedAtBy;
    for (const auto& name : names)
        if (const auto* rule = rules->find(name))
            for (const auto& subject : subjectsFor(*rule, test)) lookedAtBy[subject].push_back(name);
    std::set<std::string> quiet;
    for (const auto& [subject, lookers] : lookedAtBy) {
        auto fired = TestRun(test, rules).firedBy(subject);
        for (const auto& name : lookers)
            if (!fired.contains(name)) quiet.insert(name);
    }
    return quiet;
}

}  // namespace klaw::rules
