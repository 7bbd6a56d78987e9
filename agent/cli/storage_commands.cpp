#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/app/data_directory.hpp"
#include "agent/cli/commands.hpp"
#include "agent/operate/audit_query.hpp"
#include "agent/operate/table.hpp"
#include "storage/audit_log.hpp"
#include "storage/database.hpp"
#include "storage/leadership.hpp"
#include "storage/migration.hpp"
#include "storage/tables.hpp"
#include "storage/transaction.hpp"
#include "storage/transfer.hpp"

namespace klaw::cli {
namespace {

struct Findings {
    int schema = 0;
    std::int64_t bytes = 0;
    std::vector<storage::TableRows> tables;
    storage::Leadership leadership;
    storage::AuditReport audit;
};

Result<Findings> look(storage::Database& database) {
    auto oneState = storage::Transaction::beginReading(database);
    if (!oneState) return fail(std::move(oneState).error());
    auto schema = database.connection().schemaVersion();
    if (!schema) return fail(std::move(schema).error());
    auto bytes = database.connection().sizeInBytes();
    if (!bytes) return fail(std::move(bytes).error());
    auto tables = storage::countRows(database);
    if (!tables) return fail(std::move(tables).error());
    auto leadership = storage::leadershipOf(database);
    if (!leadership) return fail(std::move(leadership).error());
    auto audit = storage::verifyAuditLog(database);
    if (!audit) return fail(std::move(audit).error());
    return Findings{*schema, *bytes, std::move(*tables), std::move(*leadership), std::move(*audit)};
}

nlohmann::json jsonOf(const storage::Database& database, const Findings& findings) {
    nlohmann::json rows = nlohmann::json::object();
    for (const auto& each : findings.tables) rows[each.table] = each.rows;
    nlohmann::json audit{{"rows", findings.audit.rows},
                         {"head", {{"seq", findings.audit.head.seq}, {"hash", findings.audit.head.hash}}},
                         {"holds", !findings.audit.broken}};
    if (findings.audit.broken)
        audit["broken"] = {{"seq", findings.audit.broken->seq}, {"explanation", findings.audit.broken->explanation}};
    return {{"engine", storage::toString(database.engine())},
            {"database", database.path()},
            {"schema", findings.schema},
            {"newestSchema", storage::newestVersion()},
            {"bytes", findings.bytes},
            {"rows", std::move(rows)},
            {"term", findings.leadership.term},
            {"holder", findings.leadership.holder},
            {"audit", std::move(audit)}};
}

void print(const std::vector<storage::TableRows>& tables) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& each : tables)
        if (each.rows > 0) rows.push_back({each.table, std::to_string(each.rows)});
    std::cout << operate::formatTable({"TABLE", "ROWS"}, rows);
}

void print(const storage::Database& database, const Findings& findings) {
    std::cout << "engine:   " << storage::toString(database.engine()) << "\ndatabase: " << database.path()
              << "\nschema:   " << findings.schema << "\nsize:     " << findings.bytes / 1024 << " KiB\n";
    if (findings.leadership.term > 0)
        std::cout << "writer:   " << findings.leadership.holder << ", term " << findings.leadership.term << " since "
                  << formatRfc3339(findings.leadership.takenAt) << "\n";
    print(findings.tables);
    std::cout << operate::auditVerdict(findings.audit);
}

/// Secrets are never words of the command line: everybody on the machine can read those.
Result<storage::Location> targetOf(const StorageOptions& options) {
    if (options.to != "postgres")
        return fail(ErrorCode::InvalidArgument, "--to: \"" + options.to + "\" is not known", {},
                    "write postgres; its address comes by --config, --url-file or --url-env");
    std::string url;
    if (!options.urlEnv.empty()) {
        const auto* value = std::getenv(options.urlEnv.c_str());
        if (!value) return fail(ErrorCode::NotFound, "the environment variable is not set", options.urlEnv);
        url = value;
    } else if (!options.urlFile.empty()) {
        std::ifstream in(options.urlFile);
        if (!std::getline(in, url)) return fail(ErrorCode::NotFound, "cannot read the file", options.urlFile);
    } else {
        auto config = configFrom(options.config);
        if (!config) return fail(std::move(config).error());
        if (config->postgres) return *config->postgres;
        return fail(ErrorCode::InvalidArgument, "the address of the PostgreSQL database is missing", {},
                    "give --url-file, --url-env, or a --config with `storage`");
    }
    return storage::Location::postgres(url);
}

Result<storage::TransferReport> migrateFrom(const std::string& directory, const storage::Location& target) {
    auto file = app::DataDirectory::databaseFile(directory);
    if (!std::filesystem::exists(file))
        return fail(ErrorCode::NotFound, "there is no database", file, "give the data directory of an agent");
    auto lock = storage::DirectoryLock::acquire(directory);
    if (!lock) return fail(std::move(lock).error());
    storage::OpenOptions unlimited;
    unlimited.check = storage::OpenOptions::Check::Full;
    unlimited.answerWithin = Duration::zero();
    auto from = storage::Database::open(file, unlimited);
    if (!from) return fail(std::move(from).error());
    auto to = storage::Database::open(target, unlimited);
    if (!to) return fail(std::move(to).error());
    return storage::transfer(*from, *to);
}

}  // namespace

int storageCheckCommand(const StorageOptions& options) {
    auto config = configFrom(options.config);
    if (!config) return refuse(config.error());
    storage::OpenOptions thorough;
    thorough.mode = storage::OpenOptions::Mode::ReadOnly;
    thorough.check = storage::OpenOptions::Check::Full;
    thorough.answerWithin = Duration::zero();
    auto database = storage::Database::open(databaseOf(options.data, *config), thorough);
    if (!database) return refuse(database.error());
    auto findings = look(*database);
    if (!findings) return refuse(findings.error());
    if (options.output == "json")
        std::cout << jsonOf(*database, *findings).dump(2) << "\n";
    else
        print(*database, *findings);
    return findings->audit.broken ? 1 : 0;
}

int storageMigrateCommand(const StorageOptions& options) {
    constexpr std::string_view sqlite = "sqlite:";
    if (!options.from.starts_with(sqlite))
        return refuse(Error(ErrorCode::InvalidArgument, "--from: \"" + options.from + "\" is not known", {},
                            "write sqlite: and the data directory of the agent"));
    auto target = targetOf(options);
    if (!target) return refuse(target.error());
    auto report = migrateFrom(options.from.substr(sqlite.size()), *target);
    if (!report) return refuse(report.error());
    print(report->tables);
    std::cout << operate::auditVerdict(report->audit) << "Everything is in " << target->place()
              << "; the files are as they were. Set `storage` in the configuration to go on there.\n";
    return 0;
}

}  // namespace klaw::cli
