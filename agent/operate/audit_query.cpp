#include "agent/operate/audit_query.hpp"

#include <nlohmann/json.hpp>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/words.hpp"

namespace klaw::operate {
namespace {

/// What a row tells beside its columns: the command or the change, and what came of it.
std::string toldBy(const storage::AuditRow& row) {
    constexpr std::size_t longest = 300;
    auto detail = parsedJson(row.entry.detail);
    auto text = textAt(detail, "summary");
    if (text.empty()) text = textAt(detail, "command");
    if (auto by =
            textAt(detail, "approvedByName").empty() ? textAt(detail, "approvedBy") : textAt(detail, "approvedByName");
        !by.empty() && text.find(by) == std::string::npos)
        text += " (approved by " + by + ")";
    if (auto result = textAt(detail, "result"); !result.empty()) text += (text.empty() ? "" : ": ") + result;
    return truncateUtf8(text, longest);
}

}  // namespace

Result<TimePoint> pastTime(const std::string& text, TimePoint now) {
    if (auto ago = parseDuration(text); ago && *ago >= Duration::zero()) return now - *ago;
    if (auto instant = parseRfc3339(text)) return *instant;
    if (auto day = parseRfc3339(text + "T00:00:00Z")) return *day;
    return fail(ErrorCode::InvalidArgument, "\"" + text + "\" is no time", {},
                "write how long ago, such as 2h or 30d, a day such as 2026-11-26, or 2026-11-26T10:00:00+08:00");
}

std::string objectOfTarget(const std::string& written) {
    auto slash = written.find('/');
    const auto* kind = slash == std::string::npos ? nullptr : findResourceKind(written.substr(0, slash));
    return kind ? std::string(kind->kind) + written.substr(slash) : written;
}

std::string auditExportHead(const std::optional<storage::AuditAnchor>& anchor) {
    nlohmann::ordered_json head{{"klaw", "audit"}, {"version", 1}};
    if (anchor) head["anchor"] = {{"seq", anchor->seq}, {"hash", anchor->hash}, {"at", formatRfc3339(anchor->at)}};
    return head.dump() + "\n";
}

std::string auditVerdict(const storage::AuditReport& report) {
    auto number = [](std::int64_t value) { return std::to_string(value); };
    if (report.broken)
        return "the audit log is broken at row " + number(report.broken->seq) + ": " + report.broken->explanation +
               " (" + number(report.rows) + " rows before it hold)\n";
    auto text = "The audit log holds: " + number(report.rows) + " rows, the last is " + number(report.head.seq) + ":" +
                report.head.hash + "\n";
    if (report.anchor)
        text += "It begins after row " + number(report.anchor->seq) + ":" + report.anchor->hash +
                ": retention removed that row and those before it at " +
                formatRfc3339(std::chrono::floor<std::chrono::seconds>(report.anchor->at)) + "\n";
    return text;
}

Result<storage::AuditFilter> auditFilter(const AuditWords& words, const access::Policy& policy, TimePoint now) {
    storage::AuditFilter filter;
    if (!words.person.empty()) {
        filter.actors = policy.identitiesOf(words.person);
        if (filter.actors.empty()) filter.actors.push_back(words.person);
    }
    const auto* verb = findVerb(words.verb);
    filter.action = verb ? std::string(verb->name) : words.verb;
    filter.decision = words.outcome;
    filter.cluster = words.cluster;
    filter.ns = words.ns;
    filter.object = objectOfTarget(words.object);
    if (!words.since.empty()) {
        auto since = pastTime(words.since, now);
        if (!since) return fail(std::move(since).error());
        filter.since = *since;
    }
    if (!words.until.empty()) {
        auto until = pastTime(words.until, now);
        if (!until) return fail(std::move(until).error());
        filter.until = *until;
    }
    return filter;
}

Table auditTable(const std::vector<storage::AuditRow>& rows, int utcOffsetMinutes) {
    Table table{{{"ROW", "行"},
                 {"TIME", "时间"},
                 {"WHO", "谁"},
                 {"WHAT", "操作"},
                 {"RESULT", "结果"},
                 {"TARGET", "对象"},
                 {"DETAIL", "详情"}},
                {}};
    for (const auto& row : rows) {
        auto name = textAt(parsedJson(row.entry.detail), "name");
        table.rows.push_back({std::to_string(row.seq), notifiers::localTime(row.entry.at, utcOffsetMinutes),
                              name.empty() ? row.entry.actor : name + " (" + row.entry.actor + ")", row.entry.action,
                              row.entry.decision, row.entry.target.empty() ? "-" : row.entry.target, toldBy(row)});
    }
    return table;
}

std::string auditJson(const storage::AuditRow& row) {
    nlohmann::ordered_json line{{"seq", row.seq},
                                {"at", formatRfc3339(row.entry.at)},
                                {"at_unix_ns", toUnixNanos(row.entry.at)},
                                {"actor", row.entry.actor},
                                {"action", row.entry.action},
                                {"decision", row.entry.decision},
                                {"target", row.entry.target},
                                {"detail", row.entry.detail},
                                {"prev_hash", row.prevHash},
                                {"hash", row.hash}};
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace klaw::operate
