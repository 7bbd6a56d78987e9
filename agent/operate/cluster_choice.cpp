#include "agent/operate/cluster_choice.hpp"

#include "rules/suggestion.hpp"

namespace klaw::operate {

Result<std::string> clusterOf(const Control& control, const CommandLine& line) {
    auto clusters = control.clusters();
    auto wanted = line.option("cluster");
    if (!wanted && clusters.size() == 1) return clusters.front().name;
    std::string names;
    std::vector<std::string_view> known;
    for (const auto& cluster : clusters) {
        if (wanted && cluster.name == *wanted) return cluster.name;
        names += (names.empty() ? "" : ", ") + cluster.name;
        known.push_back(cluster.name);
    }
    if (!wanted)
        return fail(ErrorCode::InvalidArgument, "which cluster is meant?", {}, "add --cluster: one of " + names);
    auto near = rules::nearest(*wanted, known);
    return fail(ErrorCode::NotFound, "there is no cluster \"" + *wanted + "\"", {},
                near ? "did you mean " + std::string(*near) + "?" : "there are " + names);
}

}  // namespace klaw::operate
