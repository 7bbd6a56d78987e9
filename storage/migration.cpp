#include "storage/migration.hpp"

#include "storage/postgres/postgres_schema.hpp"
#include "storage/sqlite/sqlite_schema.hpp"
#include "storage/transaction.hpp"

namespace klaw::storage {
namespace {

static_assert(newestPostgresSchema == newestSqliteSchema);

Result<int> versionOf(Database& database) {
    auto version = database.connection().schemaVersion();
    if (!version) return version;
    if (*version > newestVersion())
        return fail(ErrorCode::Unsupported,
                    "the database was written by a newer Klaw (schema " + std::to_string(*version) +
                        ", this one knows " + std::to_string(newestVersion()) + ")",
                    database.path(), "run that version, or another data directory");
    return version;
}

/// PostgreSQL began with the schema of a later version: what is before it is nothing.
std::string_view stepTo(int version, Engine engine) {
    return engine == Engine::Postgres ? postgresSchemaStep(version) : sqliteSchemaStep(version);
}

/// Another process may do the same at the same time: the version is looked at again within the transaction.
Result<void> step(Database& database, int version) {
    auto transaction = Transaction::beginSchemaChange(database);
    if (!transaction) return fail(std::move(transaction).error());
    auto present = database.connection().schemaVersion();
    if (!present) return fail(std::move(present).error());
    if (*present >= version) return {};
    if (auto done = database.execute(stepTo(version, database.engine())); !done) return done;
    if (auto done = database.connection().setSchemaVersion(version); !done) return done;
    return transaction->commit();
}

}  // namespace

int newestVersion() {
    return newestSqliteSchema;
}

Result<void> migrate(Database& database, int target) {
    auto present = versionOf(database);
    if (!present) return fail(std::move(present).error());
    for (int version = *present + 1; version <= target; ++version) {
        if (stepTo(version, database.engine()).empty()) continue;
        if (auto done = step(database, version); !done) return done;
    }
    return {};
}

Result<void> checkVersion(Database& database) {
    auto version = versionOf(database);
    if (!version) return fail(std::move(version).error());
    if (*version == newestVersion()) return {};
    return fail(ErrorCode::Unsupported, "the database has an older schema (" + std::to_string(*version) + ")",
                database.path(), "start this version of the agent once; it brings the database up to date");
}

}  // namespace klaw::storage
