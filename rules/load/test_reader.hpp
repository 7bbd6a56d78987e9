#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/alert.hpp"
#include "rules/load/test_objects.hpp"

namespace klaw::rules {

/// An alert that a rule test expects. What is not given is not compared.
struct ExpectedAlert {
    Place place;
    std::string alert;
    AlertState state = AlertState::Firing;
    Labels labels;
    Labels facts;
    std::optional<Severity> severity;
    std::optional<std::uint64_t> count;
    std::optional<std::string> title;  ///< English
    std::optional<bool> startedBefore;
};

/// All alerts that fire at a time, and pending ones that are named.
struct Expectation {
    Place place;
    Duration at{};
    std::vector<ExpectedAlert> alerts;
};

struct TestCase {
    std::string name;
    Place place;
    std::string rule;  ///< only alerts of this rule are looked at; empty: of all
    std::string cluster = "test";
    std::vector<TestInput> inputs;  ///< by time
    std::vector<Expectation> expect;
};

/// Reads a test file; everything that does not fit is reported.
std::vector<TestCase> readTests(const YamlCursor& root);

}  // namespace klaw::rules
