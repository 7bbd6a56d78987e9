#include <charconv>
#include <iostream>

#include "agent/cli/commands.hpp"
#include "agent/operate/audit_query.hpp"
#include "agent/operate/table.hpp"
#include "base/clock.hpp"
#include "storage/reader.hpp"

namespace klaw::cli {
namespace {

struct Log {
    storage::Reader reader;
    storage::AuditFilter filter;
    int utcOffsetMinutes = 0;
};

Result<Log> openLog(const AuditOptions& options) {
    auto config = configFrom(options.config);
    if (!config) return fail(std::move(config).error());
    access::Policy policy(config->bindings, config->roles);
    auto filter = operate::auditFilter(options.words, policy, SystemClock().now());
    if (!filter) return fail(std::move(filter).error());
    auto reader = storage::Reader::open(databaseOf(options.data, *config));
    if (!reader) return fail(std::move(reader).error());
    return Log{std::move(*reader), std::move(*filter), config->utcOffsetMinutes};
}

Result<std::optional<storage::AuditHead>> parseTrusted(const std::string& text) {
    if (text.empty()) return std::optional<storage::AuditHead>();
    auto colon = text.find(':');
    storage::AuditHead head;
    auto end = text.data() + std::min(colon, text.size());
    if (colon == std::string::npos || std::from_chars(text.data(), end, head.seq).ptr != end)
        return fail(ErrorCode::InvalidArgument,
                    "--trusted takes the row and hash that `audit verify` printed: 42:9f86…");
    head.hash = text.substr(colon + 1);
    return std::optional(head);
}

}  // namespace

int auditListCommand(const AuditOptions& options) {
    auto log = openLog(options);
    if (!log) return refuse(log.error());
    log->filter.limit = options.limit;
    auto rows = log->reader.audit(log->filter);
    if (!rows) return refuse(rows.error());
    if (options.output == "json") {
        for (const auto& row : *rows) std::cout << operate::auditJson(row) << "\n";
        return 0;
    }
    auto table = operate::auditTable(*rows, log->utcOffsetMinutes);
    std::vector<std::string> heads;
    for (const auto& column : table.columns) heads.push_back(column.en);
    std::cout << operate::formatTable(heads, table.rows);
    return 0;
}

/// Page by page: the log may be larger than memory.
int auditExportCommand(const AuditOptions& options) {
    constexpr std::size_t page = 1000;
    auto log = openLog(options);
    if (!log) return refuse(log.error());
    auto anchor = log->reader.auditAnchor();
    if (!anchor) return refuse(anchor.error());
    std::cout << operate::auditExportHead(*anchor);
    log->filter.limit = page;
    log->filter.oldestFirst = true;
    for (;;) {
        auto rows = log->reader.audit(log->filter);
        if (!rows) return refuse(rows.error());
        for (const auto& row : *rows) std::cout << operate::auditJson(row) << "\n";
        if (rows->size() < page) break;
        log->filter.after = rows->back().seq;
    }
    std::cout.flush();
    if (std::cout.good()) return 0;
    return refuse(Error(ErrorCode::Unavailable, "the export could not be written"));
}

int auditVerifyCommand(const AuditOptions& options) {
    auto trusted = parseTrusted(options.trusted);
    if (!trusted) return refuse(trusted.error());
    auto log = openLog(options);
    if (!log) return refuse(log.error());
    auto report = log->reader.verifyAudit(*trusted);
    if (!report) return refuse(report.error());
    auto verdict = operate::auditVerdict(*report);
    if (report->broken) {
        std::cerr << "klaw: " << verdict;
        return 1;
    }
    std::cout << verdict;
    return 0;
}

}  // namespace klaw::cli
