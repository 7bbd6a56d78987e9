#include "agent/cli/doctor_storage.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/audit_log.hpp"
#include "storage/database.hpp"
#include "storage/migration.hpp"

namespace klaw::cli {
namespace {

using Condition = Finding::Condition;

constexpr std::uintmax_t little = 512u << 20, tooLittle = 64u << 20;
constexpr std::int64_t newestRows = 500;
constexpr Duration longWait = 5min;

/// What of these others than the owner can read or write.
std::string openToOthers(const std::filesystem::path& directory) {
    std::string names;
    for (const auto* name : {"", "token", "klaw.db", "klaw.db-wal"}) {
        struct stat info{};
        auto path = *name ? directory / name : directory;
        if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0)
            names += (names.empty() ? "" : ", ") + path.string() + fmt::format(" ({:o})", info.st_mode & 0777);
    }
    return names;
}

void examinePermissions(const std::filesystem::path& directory, DoctorReport& report) {
    Words subject{"permissions of the data directory", "数据目录权限"};
    if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0)
        return report.add(Condition::Failed, "data.permissions", std::move(subject),
                          directory.string() + " cannot be read and written by this user",
                          {"run this as the user of the agent", "请以 agent 的用户运行"});
    auto open = openToOthers(directory);
    if (open.empty()) return report.ok("data.permissions", std::move(subject), directory.string());
    report.add(Condition::Warning, "data.permissions", std::move(subject), "others may read: " + open,
               {"`chmod -R go= DIRECTORY`: who reads the token is an administrator",
                "`chmod -R go= 目录`：读到 token 的人就是管理员"});
}

void examineRoom(const std::filesystem::path& directory, DoctorReport& report) {
    std::error_code failure;
    auto space = std::filesystem::space(directory, failure);
    Words subject{"room on the disk", "磁盘空间"};
    if (failure) return report.add(Condition::Unknown, "data.room", std::move(subject), failure.message());
    report.add(space.available < tooLittle ? Condition::Failed
               : space.available < little  ? Condition::Warning
                                           : Condition::Ok,
               "data.room", std::move(subject),
               fmt::format("{} MiB of {} MiB free", space.available >> 20, space.capacity >> 20),
               {"make room, or a larger volume: without it everything waits in memory",
                "清理或扩容：没有空间时，数据只能留在内存中等待"});
}

/// Each row's own hash, and that it goes on from the one before.
Result<std::string> checkNewestRows(storage::Database& database) {
    auto sql = fmt::format("SELECT {} FROM audit ORDER BY seq DESC LIMIT {}", storage::auditColumns, newestRows);
    auto rows = database.prepare(sql);
    if (!rows) return fail(std::move(rows).error());
    std::string hashBeforeNext;
    std::int64_t seen = 0;
    for (;;) {
        auto more = rows->step();
        if (!more) return fail(std::move(more).error());
        if (!*more) break;
        auto row = storage::auditRowOf(*rows);
        if (row.hash != storage::auditHash(row))
            return fail(ErrorCode::DataLoss, fmt::format("row {} is not as it was written", row.seq));
        if (seen++ > 0 && row.hash != hashBeforeNext)
            return fail(ErrorCode::DataLoss, fmt::format("row {} does not follow row {}", row.seq + 1, row.seq));
        hashBeforeNext = row.prevHash;
    }
    return fmt::format("the newest {} rows hold", seen);
}

void examineAudit(storage::Database& database, DoctorReport& report) {
    Words subject{"audit log", "审计日志"};
    auto verdict = checkNewestRows(database);
    if (verdict) return report.ok("storage.audit", std::move(subject), *verdict);
    report.add(Condition::Failed, "storage.audit", std::move(subject), verdict.error().message,
               {"`klaw audit verify` names the first row that does not hold; keep a copy of the database",
                "`klaw audit verify` 指出第一处不符的行；请保留数据库副本"});
}

struct Outbox {
    std::int64_t waiting = 0;
    std::optional<TimePoint> oldestDue, lastDelivered;
};

Result<Outbox> lookAtOutbox(storage::Database& database) {
    Outbox outbox;
    auto waiting =
        database.prepare("SELECT count(*), min(not_before) FROM deliveries WHERE state IN ('queued', 'sending')");
    if (!waiting) return fail(std::move(waiting).error());
    auto counted = waiting->step();
    if (!counted) return fail(std::move(counted).error());
    outbox.waiting = waiting->integer(0);
    outbox.oldestDue = waiting->optionalTime(1);
    auto delivered = database.prepare("SELECT max(finished_at) FROM deliveries WHERE state = 'sent'");
    if (!delivered) return fail(std::move(delivered).error());
    auto found = delivered->step();
    if (!found) return fail(std::move(found).error());
    outbox.lastDelivered = delivered->optionalTime(0);
    return outbox;
}

void examineOutbox(storage::Database& database, TimePoint now, DoctorReport& report) {
    Words subject{"cards that wait to be sent", "待发送的卡片"};
    auto outbox = lookAtOutbox(database);
    if (!outbox) return report.add(Condition::Unknown, "storage.outbox", std::move(subject), outbox.error().describe());
    auto ageOf = [&](TimePoint at) { return formatDuration(std::chrono::floor<std::chrono::seconds>(now - at)); };
    auto evidence = fmt::format("{} wait", outbox->waiting);
    bool old = outbox->oldestDue && now - *outbox->oldestDue > longWait;
    if (outbox->oldestDue && *outbox->oldestDue < now) evidence += ", due for " + ageOf(*outbox->oldestDue);
    evidence += outbox->lastDelivered ? "; the last one arrived " + ageOf(*outbox->lastDelivered) + " ago"
                                      : "; none has arrived yet";
    report.add(old ? Condition::Failed : Condition::Ok, "storage.outbox", std::move(subject), evidence,
               {"the channels below say why; `alerts deliveries ID` shows each try",
                "原因见下面的通道；`alerts deliveries ID` 列出每次尝试"});
}

}  // namespace

void examineDirectory(const std::filesystem::path& directory, DoctorReport& report) {
    std::error_code failure;
    if (!std::filesystem::is_directory(directory, failure))
        return report.add(Condition::Failed, "data.directory", {"data directory", "数据目录"},
                          directory.string() + " is not there",
                          {"has the agent ever run? --config or --data says where it is",
                           "agent 是否运行过？用 --config 或 --data 指明位置"});
    examinePermissions(directory, report);
    examineRoom(directory, report);
}

void examineDatabase(const storage::Location& location, TimePoint now, DoctorReport& report) {
    storage::OpenOptions reading;
    reading.mode = storage::OpenOptions::Mode::ReadOnly;
    reading.answerWithin = 5s;
    Words subject{"database", "数据库"};
    auto database = storage::Database::open(location, reading);
    if (!database)
        return report.add(Condition::Failed, "storage.open", std::move(subject), evidenceOf(database.error()),
                          {database.error().remedy, database.error().remedy});
    auto schema = database->connection().schemaVersion();
    auto bytes = database->connection().sizeInBytes();
    if (!schema || !bytes)
        return report.add(Condition::Failed, "storage.open", std::move(subject),
                          (schema ? bytes.error() : schema.error()).describe());
    auto evidence = fmt::format("{} {}, schema {} of {}, {} KiB", storage::toString(database->engine()),
                                database->path(), *schema, storage::newestVersion(), *bytes / 1024);
    report.add(*schema == storage::newestVersion() ? Condition::Ok : Condition::Warning, "storage.schema",
               std::move(subject), evidence,
               {"a start of the newest agent brings it up to date", "启动新版本的 agent 即会升级"});
    examineAudit(*database, report);
    examineOutbox(*database, now, report);
}

}  // namespace klaw::cli
