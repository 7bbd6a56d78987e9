#include "test/unit/storage/postgres/server.hpp"

namespace klaw::storage::testing {
namespace {

class TestSchema final : public TestDatabase {
public:
    const Location& location() const override { return location_; }
    void tamper(const std::string& sql) override { server().run(url_, sql); }
    void dropAuditTriggers() override {
        tamper(
            "DROP TRIGGER audit_is_never_changed ON audit; DROP TRIGGER audit_is_cut_at_anchors_only ON audit; DROP "
            "TRIGGER audit_is_only_appended ON audit");
    }

private:
    std::string url_ = server().newSchema();
    Location location_ = must(Location::postgres(url_));
};

/// Without a server nothing of this program runs, and it says why.
class NeedsServer final : public ::testing::Environment {
public:
    void SetUp() override {
        if (auto why = ServerProcess::missing(); !why.empty()) GTEST_SKIP() << why;
    }
};

[[maybe_unused]] const auto* const registered = ::testing::AddGlobalTestEnvironment(new NeedsServer);

}  // namespace

std::unique_ptr<TestDatabase> makeTestDatabase() {
    return std::make_unique<TestSchema>();
}

}  // namespace klaw::storage::testing
