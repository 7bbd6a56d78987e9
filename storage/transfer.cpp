#include "storage/transfer.hpp"

#include <algorithm>
#include <string>

#include "storage/audit_log.hpp"
#include "storage/leadership.hpp"
#include "storage/transaction.hpp"

namespace klaw::storage {
namespace {

constexpr std::size_t rowsAtOnce = 100;

/// INSERT of so many rows.
std::string insertOf(const Table& table, std::size_t rows) {
    std::string one = "(";
    for (std::size_t i = 0; i < table.kinds.size(); ++i) one += i == 0 ? "?" : ", ?";
    one += ")";
    auto sql = "INSERT INTO " + std::string(table.name) + " (" + std::string(table.columns) + ") VALUES ";
    for (std::size_t i = 0; i < rows; ++i) sql += (i == 0 ? "" : ", ") + one;
    return sql;
}

/// Gathers rows of one table and writes them together.
class RowCopy {
public:
    RowCopy(Database& to, const Table& table) : to_(to), table_(table) {}

    Result<void> add(const Statement& row) {
        for (std::size_t i = 0; i < table_.kinds.size(); ++i) values_.push_back(valueOf(row, i));
        return ++rows_ < rowsAtOnce ? Result<void>() : flush();
    }
    Result<void> flush() {
        if (rows_ == 0) return {};
        auto sql = insertOf(table_, rows_);
        auto statement = to_.prepare(sql);
        if (!statement) return fail(std::move(statement).error());
        int parameter = 0;
        for (const auto& value : values_) bind(*statement, ++parameter, value);
        values_.clear();
        rows_ = 0;
        return statement->run();
    }

private:
    struct Value {
        char kind = 'n';
        std::int64_t integer = 0;
        double real = 0;
        std::string text;
    };
    Value valueOf(const Statement& row, std::size_t index) const {
        auto column = static_cast<int>(index);
        if (row.isNull(column)) return {};
        switch (table_.kinds[index]) {
            case 'i':
                return {'i', row.integer(column), 0, {}};
            case 'r':
                return {'r', 0, row.real(column), {}};
            default:
                return {'t', 0, 0, row.text(column)};
        }
    }
    static void bind(Statement& statement, int parameter, const Value& value) {
        switch (value.kind) {
            case 'i':
                statement.bind(parameter, value.integer);
                break;
            case 'r':
                statement.bind(parameter, value.real);
                break;
            case 't':
                statement.bind(parameter, value.text);
                break;
            default:
                statement.bind(parameter, nullptr);
        }
    }

    Database& to_;
    const Table& table_;
    std::vector<Value> values_;
    std::size_t rows_ = 0;
};

Result<void> copy(Database& from, Database& to, const Table& table) {
    auto sql = "SELECT " + std::string(table.columns) + " FROM " + std::string(table.name) + " ORDER BY " +
               std::string(table.key);
    auto statement = from.prepare(sql);
    if (!statement) return fail(std::move(statement).error());
    RowCopy rows(to, table);
    for (;;) {
        auto more = statement->step();
        if (!more) return fail(std::move(more).error());
        if (!*more) break;
        if (auto added = rows.add(*statement); !added) return added;
    }
    if (auto flushed = rows.flush(); !flushed || table.numbered.empty()) return flushed;
    auto name = std::string(table.name), column = std::string(table.numbered);
    return to.execute("SELECT setval(pg_get_serial_sequence('" + name + "', '" + column + "'), max(" + column +
                      ")) FROM " + name + " HAVING max(" + column + ") IS NOT NULL");
}

Result<void> expectEmpty(Database& to) {
    auto present = countRows(to);
    if (!present) return fail(std::move(present).error());
    auto filled = std::ranges::find_if(*present, [](const TableRows& each) { return each.rows > 0; });
    if (filled == present->end()) return {};
    return fail(ErrorCode::Conflict,
                "the database is not empty: it has " + std::to_string(filled->rows) + " row(s) of " + filled->table,
                to.path(), "give an empty database or schema");
}

/// The triggers that guard the log let nobody begin it in the middle.
Result<void> guardAudit(Database& to, bool guarded) {
    std::string what = guarded ? " ENABLE TRIGGER USER" : " DISABLE TRIGGER USER";
    return to.execute("ALTER TABLE audit" + what + "; ALTER TABLE audit_anchors" + what);
}

Result<void> copyTerm(Database& from, Database& to) {
    auto leadership = leadershipOf(from);
    if (!leadership) return fail(std::move(leadership).error());
    return to.run("UPDATE leadership SET term = ?, holder = ?, taken_at = ? WHERE id = 1", leadership->term,
                  leadership->holder, leadership->takenAt);
}

Result<TransferReport> compare(Database& from, Database& to) {
    TransferReport report;
    auto wanted = countRows(from), got = countRows(to);
    if (!wanted) return fail(std::move(wanted).error());
    if (!got) return fail(std::move(got).error());
    if (*wanted != *got) return fail(ErrorCode::Internal, "the copy has other numbers of rows", to.path());
    auto original = verifyAuditLog(from), copied = verifyAuditLog(to);
    if (!original) return fail(std::move(original).error());
    if (!copied) return fail(std::move(copied).error());
    bool same = original->head == copied->head && original->rows == copied->rows &&
                original->broken.has_value() == copied->broken.has_value();
    if (!same) return fail(ErrorCode::Internal, "the audit log of the copy is another one", to.path());
    return TransferReport{std::move(*got), std::move(*copied)};
}

}  // namespace

Result<TransferReport> transfer(Database& from, Database& to) {
    if (to.engine() != Engine::Postgres)
        return fail(ErrorCode::Unsupported, "only a PostgreSQL database can be the target", to.path());
    if (auto alone = to.connection().keepOthersOut(); !alone) return fail(std::move(alone).error());
    auto reading = Transaction::beginReading(from);
    if (!reading) return fail(std::move(reading).error());
    auto writing = Transaction::begin(to);
    if (!writing) return fail(std::move(writing).error());
    if (auto empty = expectEmpty(to); !empty) return fail(std::move(empty).error());
    if (auto open = guardAudit(to, false); !open) return fail(std::move(open).error());
    for (const auto& table : tables())
        if (auto copied = copy(from, to, table); !copied) return fail(std::move(copied).error());
    if (auto closed = guardAudit(to, true); !closed) return fail(std::move(closed).error());
    if (auto copied = copyTerm(from, to); !copied) return fail(std::move(copied).error());
    auto report = compare(from, to);
    if (!report) return report;
    if (auto committed = writing->commit(); !committed) return fail(std::move(committed).error());
    return report;
}

}  // namespace klaw::storage
