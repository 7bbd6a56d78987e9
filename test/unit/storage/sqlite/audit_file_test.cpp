#include <sqlite3.h>

#include <fstream>
#include <sstream>

#include "storage/reader.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::commit;
using testing::must;

/// Five rows: t1 … t5.
class AuditFile : public testing::WithDatabase {
protected:
    void SetUp() override {
        Writer writer(open());
        for (int i = 1; i <= 5; ++i) must(commit(writer, testing::auditOnly("t" + std::to_string(i))));
    }
    AuditReport verify() { return must(must(Reader::open(file())).verifyAudit()); }
};

TEST_F(AuditFile, RefusesReplacementEvenWhereTriggersDoNotSeeIt) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);  // without recursive triggers
    EXPECT_NE(
        sqlite3_exec(handle, "REPLACE INTO audit VALUES (3, 0, '', '', '', '', '', '', '')", nullptr, nullptr, nullptr),
        SQLITE_OK);
    sqlite3_close(handle);
    EXPECT_EQ(verify().rows, 5);
}

TEST_F(AuditFile, NamesTheRowInWhichOneByteOfTheFileWasFlipped) {
    std::stringstream content;
    content << std::ifstream(file(), std::ios::binary).rdbuf();
    auto bytes = content.str();
    // Rows fill a page from its end, so the last t4 of the file need not be in the table; the detail after it is.
    auto place = bytes.find("restartallowedt4{\"replicas\":3}");
    ASSERT_NE(place, std::string::npos);
    std::fstream stream(file(), std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(static_cast<std::streamoff>(place) + 3);
    stream.put(static_cast<char>(bytes[place + 3] ^ 0x01));
    stream.close();
    auto report = verify();
    ASSERT_TRUE(report.broken);
    EXPECT_EQ(report.broken->seq, 4);
    EXPECT_EQ(report.rows, 3);
}

}  // namespace
}  // namespace klaw::storage
