#include "storage/leadership.hpp"

#include "storage/transaction.hpp"

namespace klaw::storage {

Result<Leadership> leadershipOf(Database& database) {
    Leadership leadership;
    auto read = database.query("SELECT term, holder, taken_at FROM leadership WHERE id = 1",
                               [&](const Statement& row) { leadership = {row.integer(0), row.text(1), row.time(2)}; });
    if (!read) return fail(std::move(read).error());
    return leadership;
}

Result<Leadership> takeLeadership(Database& database, const Candidate& candidate, TimePoint now) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return fail(std::move(transaction).error());
    auto present = leadershipOf(database);
    if (!present) return present;
    Leadership taken{candidate.term.value_or(present->term + 1), candidate.holder, now};
    if (taken.term <= present->term)
        return fail(ErrorCode::Conflict,
                    "the database is in term " + std::to_string(present->term) + " of " + present->holder +
                        " already, term " + std::to_string(taken.term) + " is over",
                    database.path());
    auto noted = database.run("UPDATE leadership SET term = ?, holder = ?, taken_at = ? WHERE id = 1", taken.term,
                              taken.holder, taken.takenAt);
    if (!noted) return fail(std::move(noted).error());
    if (auto committed = transaction->commit(); !committed) return fail(std::move(committed).error());
    database.writeInTerm(taken.term);
    return taken;
}

}  // namespace klaw::storage
