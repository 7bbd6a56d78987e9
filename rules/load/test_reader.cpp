#include "rules/load/test_reader.hpp"

#include <cstdlib>
#include <map>

#include "rules/load/value_readers.hpp"
#include "rules/resource_names.hpp"

namespace klaw::rules {
namespace {

std::optional<AlertState> readState(const YamlCursor& value) {
    auto text = value.text("state");
    for (auto state : {AlertState::Pending, AlertState::Firing})
        if (text.value == toString(state)) return state;
    value.error("state: expected pending or firing", "an alert that has resolved is not listed any more");
    return std::nullopt;
}

Labels readPlainTexts(const YamlCursor& value, std::string_view key) {
    std::map<std::string, Text> texts;
    readTexts(value, key, texts);
    Labels labels;
    for (auto& [name, text] : texts) labels.emplace(name, std::move(text.value));
    return labels;
}

// clang-format off
constexpr Field<ExpectedAlert> alertFields[] = {
    {"alert", [](const YamlCursor& v, ExpectedAlert& a) { a.alert = v.text("alert").value; }},
    {"state", [](const YamlCursor& v, ExpectedAlert& a) { a.state = readState(v).value_or(AlertState::Firing); }},
    {"labels", [](const YamlCursor& v, ExpectedAlert& a) { a.labels = readPlainTexts(v, "labels"); }},
    {"facts", [](const YamlCursor& v, ExpectedAlert& a) { a.facts = readPlainTexts(v, "facts"); }},
    {"severity", [](const YamlCursor& v, ExpectedAlert& a) { a.severity = readSeverity(v); }},
    {"count", [](const YamlCursor& v, ExpectedAlert& a) { if (auto n = v.integer("count")) a.count = static_cast<std::uint64_t>(*n); }},
    {"title", [](const YamlCursor& v, ExpectedAlert& a) { a.title = v.text("title").value; }},
    {"startedBefore", [](const YamlCursor& v, ExpectedAlert& a) { a.startedBefore = v.boolean("startedBefore"); }},
};

constexpr Field<Expectation> expectationFields[] = {
    {"at", [](const YamlCursor& v, Expectation& e) { e.at = readDuration(v, "at"); }},
    {"alerts", [](const YamlCursor& v, Expectation& e) {
        for (const auto& item : v.items("alerts")) {
            decodeFields<ExpectedAlert>(item, "an expected alert", alertFields, e.alerts.emplace_back());
            e.alerts.back().place = item.at();
        }
    }},
};
// clang-format on

/// Numbers as metrics have them, NaN and infinities among them.
double readValue(const YamlCursor& value) {
    auto text = value.text("value").value;
    char* end = nullptr;
    double number = std::strtod(text.c_str(), &end);
    if (text.empty() || *end) value.error("value: \"" + text + "\" is no number");
    return number;
}

/// "pods/shop/web-1" or "nodes/a": the object of a sample; its uid is made of the same text.
ObjectRef readObject(const YamlCursor& value) {
    auto text = value.text("object").value;
    ObjectRef object;
    auto first = text.find('/'), last = text.rfind('/');
    auto resource = first == std::string::npos ? std::nullopt : canonicalResource(text.substr(0, first));
    if (!resource) {
        value.error("object: \"" + text + "\" names no object", "write for example pods/shop/web-1 or nodes/a");
        return object;
    }
    object.resource = *resource;
    object.kind = kindOfResource(*resource);
    if (last > first) object.ns = text.substr(first + 1, last - first - 1);
    object.name = text.substr(last + 1);
    object.uid = text;
    return object;
}

// clang-format off
constexpr Field<Sample> sampleFields[] = {
    {"metric", [](const YamlCursor& v, Sample& s) { s.metric = v.text("metric").value; }},
    {"labels", [](const YamlCursor& v, Sample& s) { s.labels = readPlainTexts(v, "labels"); }},
    {"value", [](const YamlCursor& v, Sample& s) { s.value = readValue(v); }},
    {"object", [](const YamlCursor& v, Sample& s) { s.object = readObject(v); }},
};
// clang-format on

/// An input as written: `object`, `patch`, `deleted` and `event` are read in the order of time, not here.
struct WrittenInput {
    Duration at{};
    bool initial = false;
    std::string source = "test";
    std::string rule;
    std::vector<std::pair<std::string_view, YamlCursor>> what;
};

// clang-format off
constexpr Field<WrittenInput> inputFields[] = {
    {"at", [](const YamlCursor& v, WrittenInput& i) { i.at = readDuration(v, "at"); }},
    {"initial", [](const YamlCursor& v, WrittenInput& i) { i.initial = v.boolean("initial").value_or(false); }},
    {"object", [](const YamlCursor& v, WrittenInput& i) { i.what.emplace_back("object", v); }},
    {"patch", [](const YamlCursor& v, WrittenInput& i) { i.what.emplace_back("patch", v); }},
    {"deleted", [](const YamlCursor& v, WrittenInput& i) { i.what.emplace_back("deleted", v); }},
    {"event", [](const YamlCursor& v, WrittenInput& i) { i.what.emplace_back("event", v); }},
    {"samples", [](const YamlCursor& v, WrittenInput& i) { i.what.emplace_back("samples", v); }},
    {"lost", [](const YamlCursor& v, WrittenInput& i) { i.source = v.text("lost").value; i.what.emplace_back("lost", v); }},
    {"source", [](const YamlCursor& v, WrittenInput& i) { i.source = v.text("source").value; }},
    {"promql", [](const YamlCursor& v, WrittenInput& i) { i.rule = v.text("promql").value; }},
};
// clang-format on

TestSamples readSamples(const YamlCursor& value, const WrittenInput& input, bool lost) {
    TestSamples samples{input.source, input.rule, {}, lost};
    if (lost) return samples;
    for (const auto& item : value.items("samples"))
        decodeFields<Sample>(item, "a sample", sampleFields, samples.samples.emplace_back());
    return samples;
}

void readInputs(const YamlCursor& value, TestCase& into) {
    std::multimap<Duration, WrittenInput> written;
    for (const auto& item : value.items("inputs")) {
        WrittenInput input;
        decodeFields<WrittenInput>(item, "an input", inputFields, input);
        if (input.what.size() == 1)
            written.emplace(input.at, std::move(input));
        else
            item.error("an input needs one of `object`, `patch`, `deleted`, `event`, `samples` and `lost`");
    }
    TestObjects objects;
    for (const auto& [at, input] : written) {
        const auto& [kind, object] = input.what.front();
        auto& made = into.inputs.emplace_back();
        made.at = input.at;
        made.initial = input.initial;
        made.deleted = kind == "deleted";
        if (kind == "samples" || kind == "lost")
            made.samples = readSamples(object, input, kind == "lost");
        else if (kind == "event")
            objects.event(object, made);
        else
            objects.object(object, kind != "object", made);
    }
}

// clang-format off
constexpr Field<TestCase> testFields[] = {
    {"name", [](const YamlCursor& v, TestCase& t) { t.name = v.text("name").value; }},
    {"rule", [](const YamlCursor& v, TestCase& t) { t.rule = v.text("rule").value; }},
    {"cluster", [](const YamlCursor& v, TestCase& t) { t.cluster = v.text("cluster").value; }},
    {"inputs", readInputs},
    {"expect", [](const YamlCursor& v, TestCase& t) {
        for (const auto& item : v.items("expect")) {
            decodeFields<Expectation>(item, "an expectation", expectationFields, t.expect.emplace_back());
            t.expect.back().place = item.at();
        }
    }},
};

/// `definitions` is a place for anchors that the tests refer to.
constexpr Field<std::vector<TestCase>> fileFields[] = {
    {"definitions", [](const YamlCursor&, std::vector<TestCase>&) {}},
    {"tests", [](const YamlCursor& v, std::vector<TestCase>& tests) {
        for (const auto& item : v.items("tests")) {
            decodeFields<TestCase>(item, "a test", testFields, tests.emplace_back());
            tests.back().place = item.at();
        }
    }},
};
// clang-format on

}  // namespace

std::vector<TestCase> readTests(const YamlCursor& root) {
    std::vector<TestCase> tests;
    decodeFields<std::vector<TestCase>>(root, "a test file", fileFields, tests);
    if (tests.empty()) root.error("the file has no tests", "add \"tests: …\"");
    for (const auto& test : tests) {
        if (test.name.empty()) root.problems().error(test.place, "the test has no name", "add \"name: …\"");
        if (test.expect.empty())
            root.problems().error(test.place, "the test expects nothing, so it could not fail",
                                  "add \"expect: [{at: 5m, alerts: []}]\" if no alert is to fire");
    }
    return tests;
}

}  // namespace klaw::rules
