#include "agent/deliver/alertmanager_matchers.hpp"

#include <algorithm>

#include "rules/silence_matchers.hpp"

namespace klaw::deliver {
namespace {

using rules::Matcher;
using Kind = rules::Matcher::Kind;

bool isPrometheusName(std::string_view name) {
    constexpr std::string_view digits = "0123456789";
    constexpr std::string_view characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return !name.empty() && digits.find(name[0]) == std::string_view::npos &&
           name.find_first_not_of(characters) == std::string_view::npos;
}

bool accepts(const Matcher& matcher, std::string_view value) {
    auto compiled = rules::CompiledMatchers::compileSelection({matcher});
    return compiled && compiled->match(rules::Labels{{matcher.label, std::string(value)}});
}

std::string quoteRegex(std::string_view text) {
    std::string quoted;
    for (char c : text) {
        if (std::string_view(R"(\.+*?()|[]{}^$)").find(c) != std::string_view::npos) quoted += '\\';
        quoted += c;
    }
    return quoted;
}

/// An alert without the label is the cluster's own, and has the empty text there.
Result<void> addCluster(const Matcher& matcher, std::string_view cluster, std::vector<Matcher>& into) {
    bool own = accepts(matcher, cluster), empty = accepts(matcher, "");
    bool regex = matcher.kind == Kind::Matches;
    if (own == empty) {
        into.push_back(matcher);
    } else if (empty) {
        into.push_back(matcher);
        into.push_back({matcher.label, Kind::NotEqual, ""});
    } else if (regex || matcher.kind == Kind::Equal) {
        auto text = regex ? "(?:" + matcher.value + ")" : quoteRegex(matcher.value);
        into.push_back({matcher.label, Kind::Matches, text + "|"});
    } else {
        return fail(ErrorCode::Unsupported, "an Alertmanager cannot tell which cluster this condition means: " +
                                                rules::formatMatchers({matcher}));
    }
    return {};
}

}  // namespace

Result<std::vector<Matcher>> matchersForAlertmanager(const std::vector<Matcher>& matchers, std::string_view cluster) {
    std::vector<Matcher> all;
    bool named = std::ranges::find(matchers, "alertname", &Matcher::label) != matchers.end();
    for (auto matcher : matchers) {
        if (matcher.label == "rule" && named)
            return fail(ErrorCode::Unsupported, "an Alertmanager cannot tell rules of the same alertname apart");
        if (matcher.label == "rule") matcher.label = "alertname";
        if (!isPrometheusName(matcher.label))
            return fail(ErrorCode::Unsupported, "an Alertmanager has no labels such as \"" + matcher.label + "\"");
        if (matcher.label != "cluster")
            all.push_back(std::move(matcher));
        else if (auto added = addCluster(matcher, cluster, all); !added)
            return fail(std::move(added).error());
    }
    // It refuses a silence that alerts without any label would meet; every alert has a name.
    if (std::ranges::all_of(all, [](const Matcher& matcher) { return accepts(matcher, ""); }))
        all.push_back({"alertname", Kind::NotEqual, ""});
    return all;
}

}  // namespace klaw::deliver
