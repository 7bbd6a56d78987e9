#include "rules/metric/series_selector.hpp"

#include <algorithm>
#include <cctype>

namespace klaw::rules {
namespace {

constexpr std::string_view remedy =
    R"(write for example node_memory_utilization, or avg_over_time(queue_length{queue="mail"}[5m]); whole PromQL goes into `promql`)";

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    return text;
}

/// As Prometheus defines a metric's name.
bool isMetricName(std::string_view text) {
    auto part = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == ':'; };
    return !text.empty() && !std::isdigit(static_cast<unsigned char>(text.front())) && std::ranges::all_of(text, part);
}

tl::unexpected<Error> refusal(std::string message) {
    return fail(ErrorCode::InvalidArgument, std::move(message), {}, std::string(remedy));
}

/// Takes "function(" … ")" off; Latest when there is none.
Result<SeriesSelector::Function> takeFunction(std::string_view& text) {
    using Function = SeriesSelector::Function;
    static constexpr std::pair<std::string_view, Function> functions[] = {
        {"avg_over_time", Function::Average}, {"max_over_time", Function::Maximum},
        {"min_over_time", Function::Minimum}, {"rate", Function::Rate},
        {"increase", Function::Increase},     {"time_to_zero", Function::TimeToZero}};
    auto parenthesis = text.find('(');
    if (parenthesis == std::string_view::npos || text.find_first_of("{\"") < parenthesis) return Function::Latest;
    auto name = trimmed(text.substr(0, parenthesis));
    for (const auto& [known, function] : functions) {
        if (name != known) continue;
        if (!text.ends_with(')')) return refusal("the parenthesis after " + std::string(name) + " is not closed");
        text = trimmed(text.substr(parenthesis + 1, text.size() - parenthesis - 2));
        return function;
    }
    return refusal("the function \"" + std::string(name) + "\" is not known here");
}

/// Takes "[5m]" off the end.
Result<Duration> takeWindow(std::string_view& text) {
    if (!text.ends_with(']')) return Duration{};
    auto bracket = text.rfind('[');
    if (bracket == std::string_view::npos) return refusal("a bracket is not opened");
    auto window = parseDuration(text.substr(bracket + 1, text.size() - bracket - 2));
    if (!window || *window <= Duration{}) return refusal("the window is no duration");
    if (*window > maxWindow) return refusal("a window has at most " + formatDuration(maxWindow));
    text = trimmed(text.substr(0, bracket));
    return *window;
}

}  // namespace

Result<SeriesSelector> parseSeriesSelector(std::string_view text) {
    SeriesSelector selector;
    text = trimmed(text);
    selector.text = text;
    auto function = takeFunction(text);
    if (!function) return fail(std::move(function).error());
    selector.function = *function;
    auto window = takeWindow(text);
    if (!window) return fail(std::move(window).error());
    selector.window = *window;
    bool latest = selector.function == SeriesSelector::Function::Latest;
    if (latest && *window > Duration{}) return refusal("a window needs a function over it");
    if (!latest && *window == Duration{}) return refusal("the function needs a window such as [5m]");
    auto brace = text.find('{');
    auto name = trimmed(text.substr(0, brace));
    if (!isMetricName(name)) return refusal("\"" + std::string(name) + "\" is no name of a metric");
    selector.metric = name;
    auto rest = brace == std::string_view::npos ? std::string_view() : text.substr(brace);
    if (!rest.empty() && !rest.ends_with('}')) return refusal("a brace is not closed");
    auto matchers = parseSelection(rest);
    if (!matchers) return fail(std::move(matchers).error());
    auto compiled = CompiledMatchers::compileSelection(*matchers);
    if (!compiled) return fail(std::move(compiled).error());
    selector.matchers = std::move(*matchers);
    selector.compiled = std::move(*compiled);
    return selector;
}

}  // namespace klaw::rules
