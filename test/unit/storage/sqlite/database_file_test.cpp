#include "storage/database.hpp"

#include <sys/stat.h>

#include <fstream>

#include "storage/migration.hpp"
#include "storage/reader.hpp"
#include "storage/sqlite/sqlite_connection.hpp"
#include "storage/transaction.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::must;
using testing::TemporaryDirectory;

class DatabaseFile : public testing::WithDatabase {
protected:
    void write(const std::string& bytes) { std::ofstream(file(), std::ios::binary) << bytes; }
    /// Replaces everything from `offset` on by bytes that are no page of a database.
    void damageFrom(std::streamoff offset) {
        auto size = static_cast<std::streamoff>(std::filesystem::file_size(file()));
        std::fstream stream(file(), std::ios::binary | std::ios::in | std::ios::out);
        stream.seekp(offset);
        stream << std::string(static_cast<std::size_t>(size - offset), '\xA5');
    }
    Error openingFails(const OpenOptions& options = {}) {
        auto opened = Database::open(file(), options);
        if (opened) throw std::runtime_error("it opened");
        return std::move(opened).error();
    }
};

TEST_F(DatabaseFile, IsMadeForItsOwnerAlone) {
    auto database = open();
    ASSERT_TRUE(database.run("INSERT INTO meta (key, value) VALUES ('a', 'b')"));
    for (const auto* suffix : {"", "-wal", "-shm"}) {
        struct stat status{};
        ASSERT_EQ(::stat((file() + suffix).c_str(), &status), 0) << suffix;
        EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
    }
}

TEST_F(DatabaseFile, SurvivesPowerLossAndBelongsToKlaw) {
    auto database = open();
    std::string journal;
    ASSERT_TRUE(database.query("PRAGMA journal_mode", [&](const Statement& row) { journal = row.text(0); }));
    EXPECT_EQ(journal, "wal");
    EXPECT_EQ(must(database.integer("PRAGMA synchronous")), 2);  // FULL
    EXPECT_EQ(must(database.integer("PRAGMA foreign_keys")), 1);
    EXPECT_EQ(must(database.integer("PRAGMA application_id")), applicationId);
    EXPECT_EQ(must(database.integer("PRAGMA user_version")), newestVersion());
}

TEST_F(DatabaseFile, KeepsWhatWasWrittenBeforeItWasOpenedAgain) {
    ASSERT_TRUE(open().run("INSERT INTO meta (key, value) VALUES ('a', 'b')"));
    auto database = open();
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM meta WHERE key = 'a' AND value = 'b'")), 1);
}

TEST(DatabaseInMemory, HasTheWholeSchema) {
    auto database = must(Database::open(":memory:"));
    EXPECT_EQ(must(database.integer("PRAGMA user_version")), newestVersion());
    EXPECT_EQ(must(database.integer("SELECT count(*) FROM alerts")), 0);
    EXPECT_FALSE(std::filesystem::exists(":memory:"));
}

TEST_F(DatabaseFile, OfGarbageIsRefusedWithItsNameAndARemedy) {
    write(std::string(8192, 'x'));
    auto error = openingFails();
    EXPECT_EQ(error.code, ErrorCode::DataLoss);
    EXPECT_EQ(error.place, file());
    EXPECT_NE(error.message.find("damaged"), std::string::npos) << error.message;
    EXPECT_NE(error.remedy.find("move the file away"), std::string::npos) << error.remedy;
}

TEST_F(DatabaseFile, WithDamagedPagesIsRefusedWhileItIsOpened) {
    {
        auto database = open();
        for (int i = 0; i < 200; ++i)
            ASSERT_TRUE(database.run("INSERT INTO meta (key, value) VALUES (?, ?)", i, std::string(500, 'v')));
    }
    ASSERT_GT(std::filesystem::file_size(file()), 100'000u);
    damageFrom(8192);
    auto error = openingFails();
    EXPECT_EQ(error.code, ErrorCode::DataLoss) << error.describe();
    EXPECT_EQ(error.place, file());
}

TEST_F(DatabaseFile, CutShortIsRefused) {
    {
        auto database = open();
        for (int i = 0; i < 200; ++i)
            ASSERT_TRUE(database.run("INSERT INTO meta (key, value) VALUES (?, ?)", i, std::string(500, 'v')));
    }
    std::filesystem::resize_file(file(), 40'000);
    EXPECT_EQ(openingFails().code, ErrorCode::DataLoss);
}

TEST_F(DatabaseFile, ThatIsADirectoryOrLiesInNoneIsRefused) {
    std::filesystem::create_directory(file());
    EXPECT_EQ(openingFails().code, ErrorCode::NotFound);
    auto nowhere = Database::open(file() + ".missing/klaw.db");
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, ErrorCode::NotFound);
    EXPECT_NE(nowhere.error().remedy.find("directory"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(file() + ".missing"));
}

TEST_F(DatabaseFile, MissingIsNotMadeByAReader) {
    auto reader = Reader::open(file());
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::NotFound);
    EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(DatabaseFile, CannotBeWrittenThroughAReadOnlyConnection) {
    open();
    OpenOptions readOnly;
    readOnly.mode = OpenOptions::Mode::ReadOnly;
    auto database = open(readOnly);
    auto written = database.run("INSERT INTO meta (key, value) VALUES ('a', 'b')");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::PermissionDenied);
}

TEST_F(DatabaseFile, LockedByAnotherSaysSoAfterTheTimeout) {
    auto first = open();
    auto holding = must(Transaction::begin(first));
    OpenOptions impatient;
    impatient.busyTimeout = 1ms;
    auto second = open(impatient);
    auto begun = Transaction::begin(second);
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(begun.error().retry.kind, Retry::Kind::Later);
}

TEST_F(DatabaseFile, FullIsAnErrorToBeTriedAgain) {
    auto database = open();
    auto pages = must(database.integer("PRAGMA page_count"));
    ASSERT_TRUE(database.execute("PRAGMA max_page_count = " + std::to_string(pages)));
    auto written = database.run("INSERT INTO meta (key, value) VALUES ('a', ?)", std::string(100'000, 'v'));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(written.error().retry.kind, Retry::Kind::Later);
}

}  // namespace
}  // namespace klaw::storage
