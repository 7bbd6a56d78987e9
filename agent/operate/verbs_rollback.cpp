// Going back to an earlier revision of a workload, as `kubectl rollout undo` does.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/revisions.hpp"

namespace klaw::operate {
namespace {

std::int64_t numberOf(const std::string& text) {
    std::int64_t number = 0;
    auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    return whole ? number : -1;
}

Task<Result<Plan>> planRollback(Control& control, Caller caller, CommandLine line) {
    std::vector<std::string_view> kinds{"deployments", "statefulsets", "daemonsets"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    auto title = plan.title();
    if (valueAt(read->json, "/spec/paused") == true)
        co_return fail(ErrorCode::InvalidArgument, title + " is paused and cannot be rolled back", {},
                       "resume deployment/" + plan.name + " -n " + plan.ns);
    auto revisions = co_await revisionsOf(control, caller, plan);
    if (!revisions) co_return fail(std::move(revisions).error());
    if (revisions->size() < 2) co_return fail(ErrorCode::NotFound, title + " has no earlier revision to go back to");
    auto current = revisions->front();
    auto written = line.option("to").value_or(read->words.empty() ? "" : read->words.front());
    auto wanted = written.empty() ? (*revisions)[1].number : numberOf(written);
    auto target = std::ranges::find(*revisions, wanted, &Revision::number);
    if (target == revisions->end())
        co_return fail(ErrorCode::NotFound, title + " has no revision " + written, {}, "it has " + listed(*revisions));
    if (target->number == current.number)
        co_return fail(ErrorCode::Conflict, title + " is at revision " + std::to_string(wanted) + " already", {},
                       "it has " + listed(*revisions));
    GuardedPatch patch(read->json);
    patch.set("/spec/template", target->podTemplate);
    putAnnotations(read->json, target->annotations, patch);
    patch.putInto(plan);
    bool chinese = caller.chinese();
    plan.summary = fmt::format(
        fmt::runtime(chinese ? "将 {} 从版本 {} 回滚到版本 {}" : "roll {} back from revision {} to revision {}"), title,
        current.number, target->number);
    plan.notes.push_back((chinese ? "可用版本：" : "revisions: ") + listed(*revisions));
    plan.undo = "rollback " + plan.address() + " --to " + std::to_string(current.number);
    plan.rollout = true;
    co_return plan;
}

}  // namespace

std::vector<Verb> rollbackVerbs() {
    Verb verb;
    verb.name = "rollback", verb.aliases = {"回滚", "undo"};
    verb.usage = "rollback KIND/NAME [REVISION] -n NAMESPACE [--yes]";
    verb.summary = {"Goes back to the revision before, or the one named", "回滚到上一个或指定的版本"};
    verb.changes = always;
    verb.plan = planRollback;
    verb.danger = Danger::Medium;
    verb.permission = "workloads";
    verb.undoable = true;
    verb.options = {"to"};
    return {verb};
}

}  // namespace klaw::operate
