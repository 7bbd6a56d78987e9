#include "storage/rule_rows.hpp"

#include <optional>
#include <set>
#include <string>

#include "base/digest.hpp"
#include "storage/apply_unit.hpp"
#include "storage/statement.hpp"

namespace klaw::storage {
namespace {

RuleRevision revisionOf(const Statement& row) {
    RuleRevision revision;
    revision.name = row.text(0);
    revision.revision = static_cast<std::uint64_t>(row.integer(1));
    revision.author = row.text(2);
    revision.source = row.text(3);
    revision.at = row.time(4);
    revision.text = row.text(5);
    revision.sha256 = row.text(6);
    revision.removed = row.integer(7) != 0;
    return revision;
}

template <class... Values>
Result<std::vector<RuleRevision>> select(Database& database, std::string_view which, const Values&... values) {
    std::string sql = "SELECT name, revision, author, source, at, text, sha256, removed FROM rule_revisions r ";
    sql += which;
    std::vector<RuleRevision> found;
    auto done = database.query(sql, [&](const Statement& row) { found.push_back(revisionOf(row)); }, values...);
    if (!done) return fail(std::move(done).error());
    return found;
}

/// Unless the newest of its name says the same.
Result<void> append(Database& database, RuleRevision revision, Committed& committed) {
    auto newest = select(database, "WHERE name = ? ORDER BY revision DESC LIMIT 1", revision.name);
    if (!newest) return fail(std::move(newest).error());
    revision.sha256 = sha256Hex(revision.text);
    revision.revision = 1;
    if (!newest->empty()) {
        const auto& known = newest->front();
        if (known.sha256 == revision.sha256 && known.removed == revision.removed) return {};
        revision.revision = known.revision + 1;
    }
    auto done = database.run(
        "INSERT INTO rule_revisions (name, revision, author, source, at, text, sha256, removed) VALUES (?, ?, ?, ?, ?, "
        "?, ?, ?)",
        revision.name, revision.revision, revision.author, revision.source, revision.at, revision.text, revision.sha256,
        revision.removed);
    if (!done) return done;
    committed.ruleRevisions.push_back(std::move(revision));
    return {};
}

}  // namespace

Result<std::vector<RuleRevision>> currentRuleRevisions(Database& database) {
    return select(database,
                  "WHERE removed = 0 AND revision = (SELECT max(revision) FROM rule_revisions WHERE name = r.name) "
                  "ORDER BY name");
}

Result<std::vector<RuleRevision>> ruleRevisionsOf(Database& database, std::string_view name) {
    return select(database, "WHERE name = ? ORDER BY revision DESC", name);
}

Result<std::vector<RuleRevision>> latestRuleRevisions(Database& database, std::size_t limit) {
    return select(database, "ORDER BY at DESC, name, revision DESC LIMIT ?", static_cast<std::int64_t>(limit));
}

Result<void> applyRuleRevisions(Database& database, const UnitOfWork& unit, Committed& committed) {
    for (const auto& revision : unit.ruleRevisions)
        if (auto done = append(database, revision, committed); !done) return done;
    if (!unit.ruleRevisionsAreAll || unit.ruleRevisions.empty()) return {};
    std::set<std::string_view> present;
    for (const auto& revision : unit.ruleRevisions) present.insert(revision.name);
    auto current = currentRuleRevisions(database);
    if (!current) return fail(std::move(current).error());
    const auto& like = unit.ruleRevisions.front();
    for (const auto& revision : *current) {
        if (present.contains(revision.name)) continue;
        RuleRevision gone{revision.name, 0, like.author, revision.source, like.at, {}, {}, true};
        if (auto done = append(database, std::move(gone), committed); !done) return done;
    }
    return {};
}

}  // namespace klaw::storage
