// What was done, by whom, and what came of it.
#include <charconv>

#include "agent/operate/audit_query.hpp"
#include "agent/operate/catalogue.hpp"

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

Result<Output> audit(Control& control, const Caller& caller, const CommandLine& line) {
    constexpr std::size_t usual = 100, most = 1000;
    auto given = [&](const char* name) { return line.option(name).value_or(""); };
    AuditWords words{given("person"),    given("verb"),   given("outcome"), given("cluster"),
                     given("namespace"), given("object"), given("since"),   given("until")};
    // A log that somebody may read in part is read in that part alone.
    if (auto place = placeOfAudit(control, line); place) words.cluster = place->cluster;
    auto filter = auditFilter(words, control.policy(), control.now());
    if (!filter) return fail(std::move(filter).error());
    filter->limit = usual;
    if (auto written = line.option("limit")) {
        auto read = std::from_chars(written->data(), written->data() + written->size(), filter->limit);
        bool fine = read.ec == std::errc() && read.ptr == written->data() + written->size() && filter->limit > 0 &&
                    filter->limit <= most;
        if (!fine)
            return fail(ErrorCode::InvalidArgument, "--limit " + *written + " is no number of rows", {},
                        "write 1 to " + std::to_string(most) + "; `klaw audit list` and `klaw audit export` give more");
    }
    auto rows = control.audit(*filter);
    if (!rows) return fail(std::move(rows).error());
    bool chinese = caller.chinese();
    if (rows->empty()) return chinese ? "没有符合条件的记录。\n" : "No row of the audit log fits.\n";
    auto more = rows->size() == filter->limit
                    ? (chinese ? "只显示最新的 " : "The newest ") + std::to_string(filter->limit) +
                          (chinese ? " 行：请用 --until、--person 等缩小范围\n"
                                   : " rows: narrow it by --until, --person and the like\n")
                    : std::string();
    return Output(auditTable(*rows, control.utcOffsetMinutes()), caller.language, std::move(more));
}

}  // namespace

std::vector<Verb> auditVerbs() {
    Verb verb;
    verb.name = "audit";
    verb.aliases = {"审计"};
    verb.usage =
        "audit [--person PERSON] [--verb COMMAND] [-n NAMESPACE] [--cluster CLUSTER] [--object KIND/NAME] [--outcome "
        "RESULT] [--since 2h] [--until TIME] [--limit N]";
    verb.summary = {"Lists who did and tried what, newest first", "列出谁做过或尝试过什么"};
    verb.run = audit;
    verb.readPermission = "audit";
    verb.place = placeOfAudit;
    verb.options = {"person", "verb", "namespace", "cluster", "object", "outcome", "since", "until", "limit"};
    return {std::move(verb)};
}

}  // namespace klaw::operate
