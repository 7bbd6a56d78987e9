#include "rules/rule_test.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "rules/load/test_reader.hpp"
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

/// One test over virtual time.
class TestRun {
public:
    TestRun(const TestCase& test, std::shared_ptr<const RuleSet> rules, RuleTestReport& report)
        : test_(test), report_(report), engine_(std::move(rules), cluster_) {}

    void run() {
        engine_.listCompleted(test_.cluster, "events", [](std::string_view) { return true; }, now_, output_);
        auto input = test_.inputs.begin();
        for (const auto& [at, expectation] : sortedExpectations()) {
            for (; input != test_.inputs.end() && input->at <= at; ++input) feed(*input);
            advance(testStart() + at);
            compare(*expectation);
        }
    }

private:
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
        report_.failures.push_back(place.describe() + ": " + test_.name + ": at " + formatDuration(expectation.at) +
                                   ": " + what);
    }

    const TestCase& test_;
    RuleTestReport& report_;
    TestCluster cluster_;
    RuleEngine engine_;
    EngineOutput output_;
    TimePoint now_ = testStart();
};

struct Coverage {
    std::set<std::string> fires, quiet, resolves;

    void add(const TestCase& test) {
        std::set<std::string> names;
        if (!test.rule.empty()) names.insert(test.rule);
        std::multimap<Duration, const Expectation*> inOrder;
        for (const auto& expectation : test.expect) {
            inOrder.emplace(expectation.at, &expectation);
            for (const auto& alert : expectation.alerts) names.insert(alert.alert);
        }
        for (const auto& name : names)
            for (const auto& [at, expectation] : inOrder) look(name, *expectation, fired_);
        fired_.clear();
    }

private:
    void look(const std::string& name, const Expectation& expectation, std::set<std::string>& fired) {
        bool firing = std::ranges::any_of(expectation.alerts, [&](const ExpectedAlert& alert) {
            return alert.alert == name && alert.state == AlertState::Firing;
        });
        if (firing) fired.insert(name);
        (firing ? fires : fired.contains(name) ? resolves : quiet).insert(name);
    }

    std::set<std::string> fired_;  ///< in this test
};

}  // namespace

RuleTestReport runRuleTests(const RuleSource& source, const std::shared_ptr<const RuleSet>& rules) {
    RuleTestReport report;
    Problems problems;
    auto file = std::make_shared<SourceFile>(source.name, source.text);
    std::vector<TestCase> tests;
    if (auto root = YamlCursor::parse(file, source.text, problems)) tests = readTests(*root);
    for (const auto& error : problems.errors()) report.failures.push_back(error.describe());
    if (problems.errorCount() > 0) return report;
    Coverage coverage;
    for (const auto& test : tests) {
        ++report.tests;
        if (!test.rule.empty() && !rules->find(test.rule)) {
            report.failures.push_back(test.place.describe() + ": " + test.name + ": there is no rule \"" + test.rule +
                                      "\"");
            continue;
        }
        TestRun(test, rules, report).run();
        coverage.add(test);
    }
    report.testedRules.assign(coverage.fires.begin(), coverage.fires.end());
    report.quietRules.assign(coverage.quiet.begin(), coverage.quiet.end());
    report.resolvedRules.assign(coverage.resolves.begin(), coverage.resolves.end());
    return report;
}

}  // namespace klaw::rules
