#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/sample.hpp"
#include "rules/silence_matchers.hpp"

namespace klaw::rules {

/// No window of a rule is longer, of Events as over metrics: for so long what has to be known is kept.
inline constexpr Duration maxWindow = 7 * 24h;

/// What a metric rule looks at, written as in PromQL: `name`, `name{label="x"}`, `avg_over_time(name{…}[5m])`.
struct SeriesSelector {
    enum class Function { Latest, Average, Maximum, Minimum, Rate, Increase, TimeToZero };
    std::string text;  ///< as written
    std::string metric;
    std::vector<Matcher> matchers;
    CompiledMatchers compiled;
    Function function = Function::Latest;
    Duration window{};  ///< zero for Latest

    bool selects(const Sample& sample) const { return sample.metric == metric && compiled.match(sample.labels); }
};

/// The part of PromQL that Klaw evaluates by itself: one selector, or one of avg_over_time, max_over_time,
/// min_over_time, rate and increase over it; and time_to_zero, in seconds, by the linear trend. Anything else is
/// refused with the advice to use `promql`.
Result<SeriesSelector> parseSeriesSelector(std::string_view text);

}  // namespace klaw::rules
