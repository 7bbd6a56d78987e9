#include <sqlite3.h>

#include "test/unit/storage/fixture.hpp"

namespace klaw::storage::testing {
namespace {

class TestFile final : public TestDatabase {
public:
    const Location& location() const override { return location_; }
    void tamper(const std::string& sql) override {
        sqlite3* handle = nullptr;
        ASSERT_EQ(sqlite3_open(location_.place().c_str(), &handle), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
        sqlite3_close(handle);
    }
    void dropAuditTriggers() override {
        tamper(
            "DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_cut_at_anchors_only; DROP TRIGGER "
            "audit_is_only_appended");
    }

private:
    TemporaryDirectory directory_;
    Location location_{directory_.file("klaw.db")};
};

}  // namespace

std::unique_ptr<TestDatabase> makeTestDatabase() {
    return std::make_unique<TestFile>();
}

}  // namespace klaw::storage::testing
