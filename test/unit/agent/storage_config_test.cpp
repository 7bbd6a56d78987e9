#include "agent/app/storage_config.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace klaw::app {
namespace {

ConfigReport parsed(const std::string& storage) {
    return parseConfig("klaw.yaml", "storage: " + storage + "\n");
}

TEST(StorageConfig, IsAFileInTheDataDirectoryUnlessItSaysOtherwise) {
    auto report = parseConfig("klaw.yaml", "data: /var/lib/klaw\n");
    ASSERT_TRUE(report.ok());
    auto database = databaseOf(report.config, report.config.data);
    EXPECT_FALSE(database.isPostgres());
    EXPECT_EQ(database.place(), "/var/lib/klaw/klaw.db");
}

TEST(StorageConfig, TakesAPostgresAddressFromTheEnvironment) {
    ::setenv("KLAW_TEST_URL", "postgresql://klaw:secret@db:5432/klaw", 1);
    auto report = parsed("{postgres: {url_env: KLAW_TEST_URL}}");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    auto database = databaseOf(report.config, "/var/lib/klaw");
    EXPECT_TRUE(database.isPostgres());
    EXPECT_EQ(database.place(), "postgresql://db:5432/klaw");
}

TEST(StorageConfig, RefusesWhatIsNoAddressWithoutRepeatingIt) {
    for (const auto* wrong : {"{postgres: {url: mysql://secret@db/klaw}}", "{postgres: {}}", "{postgres: {url: ''}}"}) {
        auto report = parsed(wrong);
        ASSERT_FALSE(report.ok()) << wrong;
        EXPECT_EQ(report.errors.front().describe().find("secret"), std::string::npos);
    }
}

TEST(StorageConfig, KnowsNoOtherKeys) {
    EXPECT_FALSE(parsed("{sqlite: {}}").ok());
    EXPECT_FALSE(parsed("{postgres: {url: 'postgresql://db/klaw', password: x}}").ok());
}

}  // namespace
}  // namespace klaw::app
