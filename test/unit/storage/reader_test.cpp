#include "storage/reader.hpp"

#include <atomic>
#include <thread>

#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::commit;
using testing::firingAlert;
using testing::must;
using testing::openIncident;

class ReaderTest : public testing::WithDatabase {
protected:
    Committed write(UnitOfWork unit) { return must(commit(writer, std::move(unit))); }
    Reader reader() { return must(Reader::open(location())); }

    Writer writer{open()};
};

TEST_F(ReaderTest, ListsAlertsByStateClusterAndRule) {
    auto pending = firingAlert("a"), firing = firingAlert("b"), elsewhere = firingAlert("c");
    pending.firedAt.reset();
    firing.updatedAt = at(100);
    elsewhere.cluster = "test";
    elsewhere.rule = "NodeNotReady";
    UnitOfWork unit;
    unit.alerts = {pending, firing, elsewhere};
    write(unit);
    auto count = [&](AlertFilter filter) { return must(reader().alerts(filter)).size(); };
    EXPECT_EQ(must(reader().alerts()).at(0).fingerprint, "b");  // newest first
    EXPECT_EQ(count({}), 3u);
    EXPECT_EQ(count({.state = rules::AlertState::Firing}), 2u);
    EXPECT_EQ(count({.state = rules::AlertState::Pending}), 1u);
    EXPECT_EQ(count({.cluster = "test"}), 1u);
    EXPECT_EQ(count({.rule = "PodCrashLooping"}), 2u);
    EXPECT_EQ(count({.limit = 1}), 1u);
    EXPECT_EQ(count({.cluster = "'; DROP TABLE alerts; --"}), 0u);
    auto counts = must(reader().counts());
    EXPECT_EQ(counts.alertsFiring, 2);
    EXPECT_EQ(counts.alertsPending, 1);
}

TEST_F(ReaderTest, ListsIncidentsOpenOrLately) {
    auto resolved = openIncident("i2");
    resolved.resolvedAt = resolved.updatedAt = at(900);
    UnitOfWork unit;
    unit.incidents = {openIncident("i1"), resolved};
    write(unit);
    EXPECT_EQ(must(reader().incidents()).size(), 2u);
    EXPECT_EQ(must(reader().incidents({.openOnly = true})).at(0).id, "i1");
    EXPECT_EQ(must(reader().incidents({.since = at(900)})).at(0).id, "i2");
    EXPECT_EQ(must(reader().counts()).incidentsOpen, 1);
}

TEST_F(ReaderTest, SaysWhatItDoesNotFind) {
    for (auto& error : {reader().alert("x").error(), reader().incident("x").error(), reader().offer("x").error()})
        EXPECT_EQ(error.code, ErrorCode::NotFound);
    EXPECT_EQ(must(reader().meta("x")), std::nullopt);
}

TEST_F(ReaderTest, SeesOnlyWholeUnitsWhileTheyAreWritten) {
    std::atomic<bool> stop{false};
    std::thread writing([&] {
        for (int i = 0; !stop; ++i) {
            UnitOfWork unit;
            unit.alerts = {firingAlert("f" + std::to_string(i))};
            unit.incidents = {openIncident("i" + std::to_string(i))};
            unit.audit = {testing::allowedRestart("t")};
            writer.submit(std::move(unit));
            if (i % 64 == 0) writer.flush(10s);
        }
    });
    auto beside = reader();
    std::int64_t last = 0;
    int advanced = 0;
    while (advanced < 30) {
        auto counts = must(beside.counts());
        ASSERT_EQ(counts.alertsFiring, counts.auditRows);
        ASSERT_EQ(counts.incidentsOpen, counts.auditRows);
        ASSERT_GE(counts.auditRows, last);
        if (counts.auditRows > last) ++advanced;
        last = counts.auditRows;
        auto report = must(beside.verifyAudit());
        ASSERT_FALSE(report.broken) << report.broken->explanation;
    }
    stop = true;
    writing.join();
    EXPECT_FALSE(writer.degraded());
}

TEST_F(ReaderTest, ShowsEveryRevisionOfARuleFile) {
    auto apply = [&](const std::string& name, const std::string& text, bool removed = false) {
        UnitOfWork unit;
        unit.ruleRevisions = {
            {.name = name, .author = "ann", .source = "apply", .at = at(0), .text = text, .removed = removed}};
        return write(unit).ruleRevisions;
    };
    auto first = apply("workloads", "rules: [1]");
    ASSERT_EQ(first.size(), 1u);
    EXPECT_EQ(first[0].revision, 1u);
    EXPECT_EQ(first[0].sha256.size(), 64u);
    EXPECT_TRUE(apply("workloads", "rules: [1]").empty());  // says the same
    EXPECT_EQ(apply("workloads", "rules: [2]").at(0).revision, 2u);
    EXPECT_EQ(apply("workloads", "rules: [1]").at(0).revision, 3u);
    EXPECT_EQ(apply("nodes", "rules: []").at(0).revision, 1u);
    auto current = must(reader().currentRules());
    ASSERT_EQ(current.size(), 2u);
    EXPECT_EQ(current[0].name, "nodes");
    EXPECT_EQ(current[1].text, "rules: [1]");
    EXPECT_EQ(current[1].revision, 3u);
    EXPECT_EQ(apply("workloads", "", true).at(0).revision, 4u);
    EXPECT_TRUE(apply("workloads", "", true).empty());
    EXPECT_EQ(must(reader().currentRules()).size(), 1u);
    EXPECT_EQ(must(reader().ruleRevisions("workloads")).size(), 4u);
    EXPECT_EQ(apply("workloads", "rules: [1]").at(0).revision, 5u);
}

TEST_F(ReaderTest, RecordsRulesThatAreNotInTheWholeSetAnyMoreAsRemoved) {
    auto load = [&](const std::vector<std::string>& names, int second) {
        UnitOfWork unit;
        for (const auto& name : names)
            unit.ruleRevisions.push_back({.name = name,
                                          .author = "klaw",
                                          .source = "mine.yaml:1",
                                          .at = at(second),
                                          .text = "the rule " + name});
        unit.ruleRevisionsAreAll = true;
        write(unit);
    };
    load({"A", "B"}, 1);
    load({"A"}, 2);
    auto revisions = must(reader().ruleRevisions("B"));
    ASSERT_EQ(revisions.size(), 2u);
    EXPECT_TRUE(revisions[0].removed);
    EXPECT_EQ(revisions[0].revision, 2u);
    EXPECT_EQ(revisions[0].at, at(2));
    EXPECT_EQ(must(reader().ruleRevisions("A")).size(), 1u);
    load({"A", "B"}, 3);
    EXPECT_EQ(must(reader().ruleRevisions("B")).size(), 3u);
    auto latest = must(reader().latestRuleRevisions(2));
    ASSERT_EQ(latest.size(), 2u);
    EXPECT_EQ(latest[0].name, "B");
    EXPECT_EQ(latest[0].revision, 3u);
}

TEST_F(ReaderTest, ListsSilencesAndMeta) {
    rules::Silence silence;
    silence.id = "s1";
    silence.matchers = {{"rule", rules::Matcher::Kind::Equal, "x"}};
    silence.endsAt = at(100);
    UnitOfWork unit;
    unit.silences = {silence};
    unit.meta = {{"lastAlive", "5"}};
    write(unit);
    EXPECT_EQ(must(reader().silences(at(99))), std::vector<rules::Silence>{silence});
    EXPECT_TRUE(must(reader().silences(at(100))).empty());
    EXPECT_EQ(must(reader().meta("lastAlive")), "5");
}

}  // namespace
}  // namespace klaw::storage
