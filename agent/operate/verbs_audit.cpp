// What was done, by whom, and what came of it.
#include <charconv>
#include <ranges>

#include "agent/operate/audit_query.hpp"
#include "agent/operate/catalogue.hpp"
#include "storage/chain_check.hpp"

namespace klaw::operate {
namespace {

/// Who may read the log of one namespace asks for that one.
std::optional<access::Place> placeOfAudit(const Control& control, const CommandLine& line) {
    auto cluster = line.option("cluster").value_or("");
    auto clusters = control.clusters();
    bool inPart = !cluster.empty() || line.option("namespace");
    if (cluster.empty() && clusters.size() == 1) cluster = clusters.front().name;
    if (cluster.empty() || !inPart) return std::nullopt;
    return access::Place{std::move(cluster), line.option("namespace").value_or(""), {}, {}, false};
}

Result<storage::AuditFilter> filterOf(const Control& control, const CommandLine& line, std::size_t usual) {
    constexpr std::size_t most = 1000;
    auto given = [&](const char* name) { return line.option(name).value_or(""); };
    AuditWords words{given("person"),    given("verb"),   given("outcome"), given("cluster"),
                     given("namespace"), given("object"), given("since"),   given("until")};
    // A log that somebody may read in part is read in that part alone.
    if (auto place = placeOfAudit(control, line); place) words.cluster = place->cluster;
    auto filter = auditFilter(words, control.policy(), control.now());
    if (!filter) return filter;
    filter->limit = usual;
    if (auto written = line.option("limit")) {
        auto read = std::from_chars(written->data(), written->data() + written->size(), filter->limit);
        bool fine = read.ec == std::errc() && read.ptr == written->data() + written->size() && filter->limit > 0 &&
                    filter->limit <= most;
        if (!fine)
            return fail(ErrorCode::InvalidArgument, "--limit " + *written + " is no number of rows", {},
                        "write 1 to " + std::to_string(most) + "; `klaw audit list` and `klaw audit export` give more");
    }
    return filter;
}

std::string newestOnly(std::size_t rows, bool chinese) {
    return (chinese ? "只显示最新的 " : "The newest ") + std::to_string(rows) +
           (chinese ? " 行：请用 --until、--person 等缩小范围\n"
                    : " rows: narrow it by --until, --person and the like\n");
}

Result<Output> listed(Control& control, const Caller& caller, const CommandLine& line) {
    constexpr std::size_t usual = 100;
    auto filter = filterOf(control, line, usual);
    if (!filter) return fail(std::move(filter).error());
    auto rows = control.audit(*filter);
    if (!rows) return fail(std::move(rows).error());
    bool chinese = caller.chinese();
    if (rows->empty()) return chinese ? "没有符合条件的记录。\n" : "No row of the audit log fits.\n";
    auto more = rows->size() == filter->limit ? newestOnly(rows->size(), chinese) : std::string();
    return Output(auditTable(*rows, control.utcOffsetMinutes()), caller.language, std::move(more));
}

/// As `klaw audit export` gives them, for a program.
Result<Output> exported(Control& control, const Caller& caller, const CommandLine& line) {
    constexpr std::size_t usual = 1000;
    auto filter = filterOf(control, line, usual);
    if (!filter) return fail(std::move(filter).error());
    auto anchor = control.auditAnchor();
    if (!anchor) return fail(std::move(anchor).error());
    auto rows = control.audit(*filter);
    if (!rows) return fail(std::move(rows).error());
    auto text = auditExportHead(*anchor);
    for (const auto& row : std::views::reverse(*rows)) text += auditJson(row) + "\n";
    Output output(std::move(text));
    if (rows->size() == filter->limit) output.after = newestOnly(rows->size(), caller.chinese());
    return output;
}

struct Walk {
    storage::AuditReport report;
    bool cutMeanwhile = false;  ///< retention has removed rows before they were looked at
};

bool sameCut(const std::optional<storage::AuditAnchor>& a, const std::optional<storage::AuditAnchor>& b) {
    return a.has_value() == b.has_value() && (!a || a->seq == b->seq);
}

/// Others take their turn between pages: the log may be long.
Task<Result<Walk>> walk(Control& control) {
    constexpr std::size_t page = 500;
    auto anchor = control.auditAnchor();
    if (!anchor) co_return fail(std::move(anchor).error());
    storage::ChainCheck check(*anchor);
    storage::AuditFilter filter;
    filter.limit = page;
    filter.oldestFirst = true;
    for (bool more = true; more && !check.report().broken;) {
        auto rows = control.audit(filter);
        if (!rows) co_return fail(std::move(rows).error());
        for (const auto& row : *rows) check.see(row);
        more = rows->size() == page;
        if (more) filter.after = rows->back().seq;
        if (more) co_await control.sleepFor(Duration::zero());
    }
    check.end();
    auto after = control.auditAnchor();
    if (!after) co_return fail(std::move(after).error());
    co_return Walk{check.report(), !sameCut(*anchor, *after)};
}

Task<Result<Output>> verified(Control& control, CommandLine line) {
    for (const char* narrowing :
         {"person", "verb", "outcome", "cluster", "namespace", "object", "since", "until", "limit"})
        if (line.option(narrowing))
            co_return fail(ErrorCode::InvalidArgument,
                           "a part of the log proves nothing: verify takes no --" + std::string(narrowing), {},
                           "write `audit verify`");
    auto walked = co_await walk(control);
    // Retention cuts once a day.
    if (walked && walked->cutMeanwhile) walked = co_await walk(control);
    if (!walked) co_return fail(std::move(walked).error());
    auto verdict = auditVerdict(walked->report);
    if (walked->report.broken) co_return fail(ErrorCode::DataLoss, verdict.substr(0, verdict.size() - 1));
    co_return Output(std::move(verdict));
}

Task<Result<Output>> audit(Control& control, Caller caller, CommandLine line) {
    auto what = line.arguments.empty() ? std::string("list") : line.arguments.front();
    if (what == "list" || what == "列表") co_return listed(control, caller, line);
    if (what == "export" || what == "导出") co_return exported(control, caller, line);
    if (what == "verify" || what == "校验") co_return co_await verified(control, std::move(line));
    co_return fail(ErrorCode::InvalidArgument, "audit lists, exports or verifies, not \"" + what + "\"", {},
                   "write `audit`, `audit export` or `audit verify`");
}

}  // namespace

std::vector<Verb> auditVerbs() {
    Verb verb;
    verb.name = "audit";
    verb.aliases = {"审计"};
    verb.usage =
        "audit [list | export | verify] [--person PERSON] [--verb COMMAND] [-n NAMESPACE] [--cluster CLUSTER] "
        "[--object KIND/NAME] [--outcome "
        "RESULT] [--since 2h] [--until TIME] [--limit N]";
    verb.summary = {
        "Lists who did and tried what, newest first; exports it for a program; verifies its chain of hashes",
        "列出谁做过或尝试过什么；导出供程序使用；校验哈希链"};
    verb.ask = audit;
    verb.everywhere = true;
    verb.readPermission = "audit";
    verb.place = placeOfAudit;
    verb.options = {"person", "verb", "object", "outcome", "since", "until", "limit"};
    return {std::move(verb)};
}

}  // namespace klaw::operate
