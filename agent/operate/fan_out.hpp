#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/operate/control.hpp"

namespace klaw::operate {

/// What several clusters said to the same question.
struct FanOut {
    struct Body {
        std::string cluster;
        std::string text;
    };
    std::vector<Body> bodies;           ///< in the order of the clusters
    std::vector<std::string> failures;  ///< "prod-2: it did not answer in time", one a cluster that did not answer
};

/// To stand below what the others said; empty when all answered.
std::string failureText(const std::vector<std::string>& failures, bool chinese);

/// Asks all of them at once. An Error when none answered: with one cluster its own, else all in one.
Task<Result<FanOut>> fanOut(Control& control, Caller caller, std::vector<std::string> clusters, std::string path,
                            std::string accept);

}  // namespace klaw::operate
