// What happened to one object: what people did through Klaw, and what was watched, in one order.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/operate/audit_query.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/text/json_fields.hpp"
#include "notifiers/words.hpp"

namespace klaw::operate {
namespace {

constexpr Duration usualReach = 7 * 24h;
constexpr std::size_t mostRows = 500, mostGaps = 20;

struct Moment {
    TimePoint at{};
    std::string who;
    std::string what;
    std::string result;
};

struct Asked {
    std::string cluster, ns, name;
    const ResourceKind* kind = nullptr;
    TimePoint since{};
    std::string title() const { return std::string(kind->kind) + " " + (ns.empty() ? "" : ns + "/") + name; }
    bool isWatched() const {
        return kind->kind == "Deployment" || kind->kind == "StatefulSet" || kind->kind == "DaemonSet";
    }
};

Result<Asked> askedBy(const Control& control, const CommandLine& line) {
    Asked asked;
    std::string word;
    if (!line.arguments.empty()) word = line.arguments.front();
    if (auto slash = word.find('/'); slash != word.npos) {
        asked.name = word.substr(slash + 1);
        word.resize(slash);
    } else if (line.arguments.size() > 1) {
        asked.name = line.arguments[1];
    }
    asked.kind = findResourceKind(word);
    if (!asked.kind || asked.name.empty())
        return fail(ErrorCode::InvalidArgument, "history needs a kind and a name", {},
                    "for example: history deploy/web -n shop");
    if (asked.kind->namespaced) asked.ns = line.option("namespace").value_or("");
    if (asked.kind->namespaced && asked.ns.empty())
        return fail(ErrorCode::InvalidArgument, "history needs the namespace", {}, "add -n NAMESPACE");
    auto cluster = clusterOf(control, line);
    if (!cluster) return fail(std::move(cluster).error());
    asked.cluster = std::move(*cluster);
    asked.since = control.now() - usualReach;
    if (auto written = line.option("since")) {
        auto since = pastTime(*written, control.now());
        if (!since) return fail(std::move(since).error());
        asked.since = *since;
    }
    return asked;
}

/// Previews and permissions are steps of what has a row for its end.
bool isTold(const storage::AuditRow& row) {
    static constexpr std::string_view steps[] = {"previewed", "allowed", "read"};
    return std::ranges::find(steps, row.entry.decision) == std::end(steps);
}

Moment momentOf(const storage::AuditRow& row) {
    auto detail = parsedJson(row.entry.detail);
    auto either = [&](const char* first, const char* second) {
        auto text = textAt(detail, first);
        return text.empty() ? textAt(detail, second) : text;
    };
    Moment moment;
    moment.at = row.entry.at;
    moment.who = textAt(detail, "name").empty() ? row.entry.actor : textAt(detail, "name");
    moment.what = either("summary", "command");
    std::string differences;
    for (const auto& difference : textsAt(detail, "differences"))
        differences += (differences.empty() ? " [" : "; ") + difference;
    if (!differences.empty()) moment.what += differences + "]";
    moment.result = row.entry.decision;
    if (auto result = textAt(detail, "result"); !result.empty()) moment.result += ": " + result;
    return moment;
}

Result<std::vector<Moment>> doneThroughKlaw(const Control& control, const Asked& asked) {
    storage::AuditFilter filter;
    filter.cluster = asked.cluster;
    filter.ns = asked.ns;
    filter.object = std::string(asked.kind->kind) + "/" + asked.name;
    filter.since = asked.since;
    filter.limit = mostRows;
    auto rows = control.audit(filter);
    if (!rows) return fail(std::move(rows).error());
    std::vector<Moment> moments;
    for (auto row = rows->rbegin(); row != rows->rend(); ++row)  // oldest first
        if (isTold(*row)) moments.push_back(momentOf(*row));
    return moments;
}

/// What Klaw wrote itself is told by whoever asked for it.
bool isOwn(const storage::ObjectChange& change, const std::vector<Moment>& done) {
    constexpr Duration soon = 30s;
    return change.by == "klaw" && std::ranges::any_of(done, [&](const Moment& moment) {
               return moment.result.starts_with("done") && std::chrono::abs(moment.at - change.at) < soon;
           });
}

/// From the last row of one life of the agent to the first of the next.
Result<std::vector<Moment>> gaps(const Control& control, const Asked& asked, bool chinese) {
    storage::AuditFilter starts;
    starts.actor = "klaw";
    starts.action = "start";
    starts.since = asked.since;
    starts.limit = mostGaps;
    auto rows = control.audit(starts);
    if (!rows) return fail(std::move(rows).error());
    std::vector<Moment> moments;
    for (const auto& row : *rows) {
        storage::AuditFilter before;
        before.after = row.seq - 2;
        before.oldestFirst = true;
        before.limit = 1;
        auto last = control.audit(before);
        if (!last) return fail(std::move(last).error());
        bool first = last->empty() || last->front().seq >= row.seq;
        std::string what =
            chinese ? "Klaw 首次启动：此前的变更未知" : "Klaw was started: what was changed before is not known";
        if (!first) {
            auto since = notifiers::localTime(last->front().entry.at, control.utcOffsetMinutes());
            what = chinese ? "Klaw 启动：" + since + " 之后到此时的变更未知"
                           : "Klaw was started: what others changed after " + since + " and before this is not known";
        }
        moments.push_back({row.entry.at, "klaw", std::move(what), "-"});
    }
    return moments;
}

/// Those of one moment as they came.
void inOrder(std::vector<Moment>& moments) {
    std::multimap<TimePoint, Moment> byTime;
    for (auto& moment : moments) byTime.emplace(moment.at, std::move(moment));
    moments.clear();
    for (auto& [at, moment] : byTime) moments.push_back(std::move(moment));
}

std::string knowledgeOf(const Asked& asked, const Control& control, bool chinese) {
    auto since = notifiers::localTime(asked.since, control.utcOffsetMinutes());
    auto text = chinese ? fmt::format("自 {} 起；更早的用 --since。", since)
                        : fmt::format("Since {}; --since reaches further back.", since);
    if (!asked.isWatched())
        text +=
            chinese ? " 这种对象只知道通过 Klaw 做的操作。" : " Of this kind only what was done through Klaw is known.";
    else
        text += chinese ? " 他人的变更按 Klaw 看到的时间，保留 90 天。"
                        : " What others changed is told by when Klaw saw it, and kept for 90 days.";
    return text + "\n";
}

Result<Output> history(Control& control, const Caller& caller, const CommandLine& line) {
    auto asked = askedBy(control, line);
    if (!asked) return fail(std::move(asked).error());
    auto plural = pathOf(*asked->kind, {});
    access::Request request{caller.identity,
                            caller.chat,
                            "read",
                            "read",
                            access::Place{asked->cluster, asked->ns, plural.substr(plural.rfind('/') + 1), asked->name},
                            caller.membership};
    if (auto decision = control.policy().decide(request, control.now()); !decision.allowed)
        return fail(ErrorCode::PermissionDenied, std::move(decision.reason));
    auto moments = doneThroughKlaw(control, *asked);
    if (!moments) return fail(std::move(moments).error());
    bool chinese = caller.chinese();
    if (asked->isWatched()) {
        storage::ObjectChange object{
            asked->cluster, std::string(asked->kind->kind), asked->ns, asked->name, {}, {}, {}};
        auto watched = control.objectChanges(object, asked->since);
        if (!watched) return fail(std::move(watched).error());
        auto done = *moments;
        for (auto& change : *watched)
            if (!isOwn(change, done))
                moments->push_back({change.at, change.by.empty() ? (chinese ? "未知" : "unknown") : change.by,
                                    std::move(change.what), chinese ? "观察到" : "seen"});
        auto unknown = gaps(control, *asked, chinese);
        if (!unknown) return fail(std::move(unknown).error());
        std::ranges::move(*unknown, std::back_inserter(*moments));
    }
    inOrder(*moments);
    auto below = knowledgeOf(*asked, control, chinese);
    if (moments->empty())
        return (chinese ? asked->title() + "：没有已知的变更。" : "Nothing is known of " + asked->title() + ". ") +
               below;
    Table table{{{"TIME", "时间"}, {"WHO", "谁"}, {"WHAT", "变更"}, {"RESULT", "结果"}}, {}};
    for (auto& moment : *moments)
        table.rows.push_back({notifiers::localTime(moment.at, control.utcOffsetMinutes()), std::move(moment.who),
                              std::move(moment.what), std::move(moment.result)});
    return Output(std::move(table), caller.language, std::move(below));
}

}  // namespace

std::vector<Verb> historyVerbs() {
    Verb verb;
    verb.name = "history";
    verb.aliases = {"变更记录", "历史"};
    verb.usage = "history KIND/NAME -n NAMESPACE [--since 30d] [--cluster CLUSTER]";
    verb.summary = {"Lists who changed an object and how: through Klaw, and what was watched",
                    "按时间列出对象的变更及操作人"};
    verb.run = history;
    verb.options = {"cluster", "namespace", "since"};
    return {std::move(verb)};
}

}  // namespace klaw::operate
