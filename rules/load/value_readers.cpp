#include "rules/load/value_readers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "rules/action_names.hpp"
#include "rules/findings.hpp"
#include "rules/suggestion.hpp"

namespace klaw::rules {
namespace {

std::string joined(std::span<const std::string_view> names) {
    std::string all;
    for (auto name : names) all.append(all.empty() ? "" : ", ").append(name);
    return all;
}

/// The one of `allowed` that the value names; reports anything else.
template <std::size_t N>
std::optional<std::size_t> oneOf(const Text& text, const YamlCursor& value, std::string_view key,
                                 const std::array<std::string_view, N>& allowed) {
    for (std::size_t i = 0; i < N; ++i)
        if (text.value == allowed[i]) return i;
    value.problems().error(text.at, std::string(key) + ": unknown value \"" + text.value + "\"",
                           didYouMean(nearest(text.value, allowed), "use one of: " + joined(allowed)));
    return std::nullopt;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

bool isName(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

}  // namespace

std::optional<Threshold> parseThreshold(std::string_view text) {
    text = trim(text);
    std::uint64_t extra = 0;
    if (text.starts_with(">="))
        text.remove_prefix(2);
    else if (text.starts_with(">"))
        text.remove_prefix(1), extra = 1;
    else
        return std::nullopt;
    text = trim(text);
    Threshold threshold;
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), threshold.minimum);
    if (code != std::errc()) return std::nullopt;
    text = trim(text.substr(static_cast<std::size_t>(end - text.data())));
    if (!text.starts_with("in ")) return std::nullopt;
    auto window = parseDuration(trim(text.substr(3)));
    threshold.minimum += extra;
    if (!window || *window <= Duration{} || threshold.minimum < 1 || threshold.minimum > maxThreshold)
        return std::nullopt;
    threshold.window = *window;
    return threshold;
}

std::vector<std::string> values(const std::vector<Text>& texts) {
    std::vector<std::string> out;
    for (const auto& text : texts) out.push_back(text.value);
    return out;
}

Duration readDuration(const YamlCursor& value, std::string_view key) {
    auto text = value.text(key);
    auto duration = parseDuration(text.value);
    if (value.isScalar() && (!duration || *duration < Duration{}))
        value.error(std::string(key) + ": \"" + text.value + "\" is no duration", "write for example 30s, 5m or 1h30m");
    return duration.value_or(Duration{});
}

std::optional<Severity> readSeverity(const YamlCursor& value) {
    static constexpr std::array<std::string_view, 3> names{"info", "warning", "critical"};
    if (!oneOf(value.text("severity"), value, "severity", names)) return std::nullopt;
    return severityFromString(value.node().Scalar());
}

Ring readRing(const YamlCursor& value) {
    auto name = value.text("ring").value;
    auto ring = ringFromString(name);
    if (!ring && name != "none" && value.isScalar())
        value.error("ring: nobody can be rung by \"" + name + "\"", "one of app, sms, phone, none");
    return ring.value_or(Ring::None);
}

namespace {

// clang-format off
constexpr Field<Inhibitor> inhibitorFields[] = {
    {"alert", [](const YamlCursor& v, Inhibitor& i) { i.alert = v.text("alert").value; }},
    {"equal", [](const YamlCursor& v, Inhibitor& i) { i.equal = readNames(v, "equal"); }},
};
// clang-format on

}  // namespace

std::vector<Inhibitor> readInhibitors(const YamlCursor& value) {
    std::vector<Inhibitor> inhibitors;
    for (const auto& item : value.items("inhibited_by")) {
        Inhibitor inhibitor;
        decodeFields<Inhibitor>(item, "inhibited_by", inhibitorFields, inhibitor);
        if (inhibitor.alert.empty()) item.error("inhibited_by: it names no alert", "add \"alert: SomeName\"");
        if (inhibitor.equal.empty())
            item.error("inhibited_by: without `equal` the alert anywhere would silence this one everywhere",
                       "add for example \"equal: [cluster, node]\"");
        inhibitors.push_back(std::move(inhibitor));
    }
    return inhibitors;
}

std::vector<EventScope> readScopes(const YamlCursor& value) {
    static constexpr std::array<std::string_view, 4> names{"involvedObject", "namespace", "node", "reason"};
    static constexpr std::array scopes{EventScope::InvolvedObject, EventScope::Namespace, EventScope::Node,
                                       EventScope::Reason};
    std::vector<EventScope> out;
    for (const auto& text : value.texts("per"))
        if (auto index = oneOf(text, value, "per", names)) out.push_back(scopes[*index]);
    return out;
}

std::string readEventType(const YamlCursor& value) {
    static constexpr std::array<std::string_view, 2> names{"Normal", "Warning"};
    auto index = oneOf(value.text("type"), value, "type", names);
    return index ? std::string(names[*index]) : std::string();
}

std::vector<std::string> readNames(const YamlCursor& value, std::string_view key) {
    std::vector<std::string> out;
    for (const auto& text : value.texts(key)) {
        if (!isName(text.value))
            value.problems().error(text.at, std::string(key) + ": \"" + text.value + "\" is no name",
                                   "use letters, digits, - and _");
        out.push_back(text.value);
    }
    return out;
}

std::vector<std::string> readEnrichments(const YamlCursor& value) {
    static constexpr std::array<std::string_view, 3> names{enrichLogs, enrichEvents, enrichLastChange};
    std::vector<std::string> out;
    for (const auto& text : value.texts("enrich"))
        if (auto index = oneOf(text, value, "enrich", names)) out.emplace_back(names[*index]);
    return out;
}

std::vector<std::string> readActions(const YamlCursor& value) {
    std::vector<std::string> out;
    for (const auto& text : value.texts("actions")) {
        auto known = actionNames();
        if (std::ranges::find(known, text.value) == known.end())
            value.problems().error(text.at, "actions: there is no action \"" + text.value + "\"",
                                   didYouMean(nearest(text.value, known), "use one of: " + joined(known)));
        out.push_back(text.value);
    }
    return out;
}

void readTexts(const YamlCursor& value, std::string_view key, std::map<std::string, Text>& into) {
    for (const auto& [name, text] : value.entries(key))
        into[name.value] = text.text(std::string(key) + "." + name.value);
}

void readLocalized(const YamlCursor& value, std::string_view key, LocalizedSpec& into) {
    if (value.isScalar()) {
        into = {value.text(key), std::nullopt};
        return;
    }
    static constexpr Field<LocalizedSpec> languages[] = {
        {"en", [](const YamlCursor& v, LocalizedSpec& s) { s.en = v.text("en"); }},
        {"zh", [](const YamlCursor& v, LocalizedSpec& s) { s.zh = v.text("zh"); }},
    };
    decodeFields<LocalizedSpec>(value, key, languages, into);
}

}  // namespace klaw::rules
