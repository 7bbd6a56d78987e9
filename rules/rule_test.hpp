#pragma once

#include <string>
#include <vector>

#include "rules/load/load_rules.hpp"

namespace klaw::rules {

/// What `klaw rules test` reports of one file.
struct RuleTestReport {
    std::size_t tests = 0;
    std::vector<std::string> failures;  ///< "file:line:column: test name: what was expected and what came"
    /// Names of rules, sorted, for which some test expects that an alert fires, has something that the rule looks at
    /// and that never makes it fire, and expects that the alert has resolved after it fired.
    std::vector<std::string> testedRules, quietRules, resolvedRules;
    bool passed() const { return failures.empty(); }
};

/// Runs one test file over virtual time against the loaded rules. A test whose `rule` is turned off runs with it.
///
/// ```yaml
/// tests:
///   - name: a container that keeps crashing is reported once
///     rule: KubePodCrashLooping        # alerts of other rules are not looked at
///     cluster: demo                    # optional
///     inputs:
///       - {at: 0s, object: {apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: shop}, …}}
///       - {at: 6m, patch: {kind: Pod, metadata: {name: web-1, namespace: shop}, status: {…}}}  # JSON merge patch
///       - {at: 9m, deleted: {kind: Pod, metadata: {name: web-1, namespace: shop}}}
///       - {at: 1m, event: {reason: FailedMount, count: 3, …}}
///       - {at: 1m, samples: [{metric: node_memory_utilization, labels: {node: a}, value: 0.93, object: nodes/a}]}
///       - {at: 2m, samples: [{labels: {service: shop}, value: 7}], promql: HighErrorRate}  # its result
///       - {at: 3m, lost: test}                                 # the source of samples (`source`) does not answer
///     expect:
///       - {at: 5m, alerts: [{alert: KubePodCrashLooping, state: firing, labels: {pod: web-1}}]}
/// ```
/// With `initial: true` an input is part of the first list. The root may have `definitions` for YAML anchors.
/// "@-3m" as a value is the time three minutes before the test starts, as RFC 3339. An object without uid gets one of
/// its kind, namespace and name; an Event without lastTimestamp happened at its `at`. `alerts` lists all that fire; a
/// pending one may be listed with `state: pending`. Labels, facts and other fields of an expectation (severity, count,
/// title, startedBefore) are compared where they are given. A file without tests and a test without expectations are
/// failures, as they could not fail otherwise.
RuleTestReport runRuleTests(const RuleSource& tests, const LoadReport& loaded);

}  // namespace klaw::rules
