#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "rules/silence.hpp"

namespace klaw::deliver {

/// What to ask an Alertmanager for so that it silences what Klaw silences. Alerts without a label `cluster` are those
/// of `cluster` there, as they are when they arrive here; `severity` is compared with the label as it is written.
/// Unsupported when an Alertmanager cannot say it: names of labels that Prometheus does not allow, one of several rules
/// that share an alertname.
Result<std::vector<rules::Matcher>> matchersForAlertmanager(const std::vector<rules::Matcher>& matchers,
                                                            std::string_view cluster);

}  // namespace klaw::deliver
