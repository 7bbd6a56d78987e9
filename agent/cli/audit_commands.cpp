#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/app/data_directory.hpp"
#include "agent/cli/commands.hpp"
#include "agent/operate/table.hpp"
#include "storage/reader.hpp"

namespace klaw::cli {
namespace {

Result<storage::Reader> openReader(const AuditOptions& options) {
    auto config = configFrom(options.config);
    if (!config) return fail(std::move(config).error());
    return storage::Reader::open(app::DataDirectory::databaseFile(dataOf(options.data, *config)));
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
    auto reader = openReader(options);
    if (!reader) return refuse(reader.error());
    storage::AuditFilter filter;
    filter.limit = options.limit;
    filter.actor = options.actor;
    filter.action = options.action;
    auto rows = reader->audit(filter);
    if (!rows) return refuse(rows.error());
    if (options.output == "json") {
        for (const auto& row : *rows) {
            nlohmann::ordered_json line{{"seq", row.seq},
                                        {"at", formatRfc3339(row.entry.at)},
                                        {"actor", row.entry.actor},
                                        {"action", row.entry.action},
                                        {"decision", row.entry.decision},
                                        {"target", row.entry.target},
                                        {"detail", row.entry.detail},
                                        {"hash", row.hash}};
            std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
        }
        return 0;
    }
    std::vector<std::vector<std::string>> table;
    for (const auto& row : *rows)
        table.push_back({std::to_string(row.seq), formatRfc3339(std::chrono::floor<std::chrono::seconds>(row.entry.at)),
                         row.entry.actor, row.entry.action, row.entry.decision, row.entry.target,
                         row.entry.detail == "{}" ? "" : row.entry.detail});
    std::cout << operate::formatTable({"ROW", "TIME", "WHO", "WHAT", "RESULT", "TARGET", "DETAIL"}, table);
    return 0;
}

int auditVerifyCommand(const AuditOptions& options) {
    auto trusted = parseTrusted(options.trusted);
    if (!trusted) return refuse(trusted.error());
    auto reader = openReader(options);
    if (!reader) return refuse(reader.error());
    auto report = reader->verifyAudit(*trusted);
    if (!report) return refuse(report.error());
    if (report->broken) {
        std::cerr << "klaw: the audit log is broken at row " << report->broken->seq << ": "
                  << report->broken->explanation << " (" << report->rows << " rows before it hold)\n";
        return 1;
    }
    std::cout << "The audit log holds: " << report->rows << " rows, the last is " << report->head.seq << ":"
              << report->head.hash << "\n";
    return 0;
}

}  // namespace klaw::cli
