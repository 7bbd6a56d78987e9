// `apply`: objects as somebody writes them, by server-side apply.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/
#include <fmt/format.h>

#include "agent/operate/always.hpp"
#include "agent/operate/applied_object.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "base/digest.hpp"

namespace klaw::operate {
namespace {

/// As one change of all of them.
Plan together(std::vector<Plan> parts, bool chinese) {
    Plan plan;
    plan.cluster = parts.front().cluster;
    plan.kind = "objects";
    plan.name = std::to_string(parts.size());
    std::string states, titles;
    for (const auto& part : parts) {
        states += part.target() + "=" + part.expectation() + "\n";
        titles += (titles.empty() ? "" : ", ") + part.title();
    }
    constexpr std::size_t enough = 16;
    plan.state = "v" + sha256Hex(states).substr(0, enough);
    plan.summary =
        fmt::format(fmt::runtime(chinese ? "应用 {} 个对象：{}" : "apply {} objects: {}"), parts.size(), titles);
    plan.parts = std::move(parts);
    return plan;
}

Task<Result<Plan>> planApply(Control& control, Caller caller, CommandLine line) {
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster).error());
    if (!line.arguments.empty())
        co_return fail(ErrorCode::InvalidArgument, "apply takes the YAML in the lines after its own", {},
                       "for example: apply -n shop, and the object from the next line on");
    auto documents = readYamlDocuments(line.attachment);
    if (!documents) co_return fail(std::move(documents).error());
    if (documents->empty())
        co_return fail(ErrorCode::InvalidArgument, "there is nothing to apply", {},
                       "write `apply -n shop`, and the YAML from the next line on");
    auto parts = co_await appliedObjects(control, caller, *cluster, line, std::move(*documents));
    if (!parts) co_return fail(std::move(parts).error());
    if (parts->size() == 1) co_return std::move(parts->front());
    co_return together(std::move(*parts), caller.chinese());
}

/// Nobody knows yet what is in the text.
bool mayHaveSecrets(const CommandLine&) {
    return true;
}

}  // namespace

std::vector<Verb> applyVerbs() {
    Verb verb;
    verb.name = "apply", verb.aliases = {"应用"};
    verb.usage = "apply [-n NAMESPACE] [--force-conflicts] [--cluster CLUSTER] [--yes] ⏎ YAML";
    verb.summary = {"Applies the objects of the lines that follow, by server-side apply",
                    "以 server-side apply 应用后续各行 YAML 中的对象"};
    verb.changes = always;
    verb.plan = planApply;
    verb.danger = Danger::Medium;
    verb.permission = "workloads";
    verb.undoable = true;
    verb.document = true;
    verb.secret = mayHaveSecrets;
    verb.options = {"force-conflicts"};
    return {verb};
}

}  // namespace klaw::operate
