#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <thread>

#include "storage/reader.hpp"
#include "storage/sqlite/sqlite_connection.hpp"
#include "storage/writer.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::auditOnly;
using testing::commit;
using testing::must;
using testing::transition;

class WriterOfFile : public testing::WithDatabase {
protected:
    std::int64_t rows(const std::string& table) {
        OpenOptions readOnly;
        readOnly.mode = OpenOptions::Mode::ReadOnly;
        return must(open(readOnly).integer("SELECT count(*) FROM " + table));
    }
};

TEST_F(WriterOfFile, CopiesTheLogIntoTheDatabaseWhenItIsQuietOrTheLogIsLong) {
    struct Limit {
        const char* name;
        std::size_t quiet, forced;
    };
    for (auto limit : {Limit{"quiet", 1, 1'000'000}, Limit{"long", 1'000'000, 1}}) {
        SCOPED_TRACE(limit.name);
        WriterOptions options;
        options.quietCheckpoint = limit.quiet;
        options.forcedCheckpoint = limit.forced;
        options.quietTime = 1ms;
        Writer writer(open(), options);
        auto before = std::filesystem::last_write_time(file());
        writer.submit(auditOnly(limit.name));
        ASSERT_TRUE(writer.flush(30s));
        // The file itself, not the log beside it.
        auto deadline = std::chrono::steady_clock::now() + 30s;
        while (std::filesystem::last_write_time(file()) == before && std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
        EXPECT_NE(std::filesystem::last_write_time(file()), before);
    }
}

TEST_F(WriterOfFile, OnAFullDiskKeepsEverythingAndWritesItOnceThereIsRoom) {
    auto database = open();
    auto* handle = dynamic_cast<SqliteConnection&>(database.connection()).handle();
    auto limitPages = [handle](std::int64_t pages) {
        auto sql = "PRAGMA max_page_count = " + std::to_string(pages);
        return sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
    };
    ASSERT_EQ(limitPages(must(database.integer("PRAGMA page_count"))), SQLITE_OK);
    std::atomic<bool> roomAgain{false};
    std::latch full{1};
    std::promise<void> healthy;
    WriterOptions options;
    options.firstRetry = 1ms;
    options.longestRetry = 2ms;
    options.intercept = [&](WriteStep step, std::uint64_t) -> Result<void> {
        if (step == WriteStep::Begin && roomAgain) limitPages(1'000'000);
        return {};
    };
    std::vector<std::optional<ErrorCode>> reports;
    options.health = [&](const std::optional<Error>& reason) {
        reports.push_back(reason ? std::optional(reason->code) : std::nullopt);
        reason ? full.count_down() : healthy.set_value();
    };
    Writer writer(std::move(database), options);
    auto large = transition(1);
    large.audit[0].detail = std::string(200'000, 'x');
    std::atomic<int> told{0};
    auto note = [&](Result<Committed> outcome) { told += outcome ? 1 : 1000; };
    writer.submit(std::move(large), note);
    full.wait();
    EXPECT_TRUE(writer.degraded());
    EXPECT_EQ(writer.degradedReason()->code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(writer.degradedReason()->place, file());
    for (int i = 2; i <= 150; ++i) writer.submit(transition(i), note);
    EXPECT_EQ(told, 0);
    EXPECT_EQ(rows("alerts"), 0);
    EXPECT_FALSE(writer.flush(20ms));

    roomAgain = true;
    ASSERT_TRUE(writer.flush(30s));
    healthy.get_future().wait();
    EXPECT_EQ(told, 150);
    EXPECT_FALSE(writer.degraded());
    EXPECT_EQ(rows("alerts"), 150);
    EXPECT_EQ(must(must(Reader::open(file())).verifyAudit()).rows, 150);
    EXPECT_EQ(reports, (std::vector<std::optional<ErrorCode>>{ErrorCode::ResourceExhausted, std::nullopt}));
    EXPECT_GE(writer.stats().failedCommits, 1u);
}

TEST_F(WriterOfFile, WorksInMemoryWhenThereIsNoDisk) {
    Writer writer(must(Database::open(":memory:")));
    EXPECT_TRUE(commit(writer, transition(1)));
    EXPECT_TRUE(commit(writer, testing::startOf(testing::cardFor("i1", 1).id, at(70))));
}

TEST_F(WriterOfFile, ClosesItWhenItStops) {
    Writer writer(open());
    ASSERT_TRUE(commit(writer, transition(1)));
    EXPECT_TRUE(std::filesystem::exists(file() + "-wal"));
    writer.stop();
    EXPECT_FALSE(std::filesystem::exists(file() + "-wal"));
}

}  // namespace
}  // namespace klaw::storage
