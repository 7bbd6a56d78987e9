#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::must;
using CrashOfFile = testing::WithDatabase;

TEST_F(CrashOfFile, OnAFileThatMayNotGrowFailsAsAValueAndKeepsWhatWasWritten) {
    auto child = ::fork();
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit limit{600'000, 600'000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        auto database = Database::open(file());
        if (!database) ::_exit(1);
        WriterOptions options;
        options.firstRetry = 1ms;
        std::promise<ErrorCode> sick;
        options.health = [&, told = false](const std::optional<Error>& reason) mutable {
            if (reason && !std::exchange(told, true)) sick.set_value(reason->code);
        };
        Writer writer(std::move(*database), options);
        for (int i = 0; i < 2000; ++i) writer.submit(testing::transition(i));
        auto code = sick.get_future().get();
        bool expected = code == ErrorCode::ResourceExhausted || code == ErrorCode::Unavailable;
        ::_exit(expected && writer.degraded() && writer.stats().committedUnits > 0 ? 0 : 3);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    OpenOptions thorough;
    thorough.check = OpenOptions::Check::Full;
    auto database = open(thorough);
    auto units = must(database.integer("SELECT count(*) FROM audit"));
    EXPECT_GE(units, 1);
    EXPECT_LT(units, 2000);
    for (const auto* table : {"alerts", "incidents", "deliveries"})
        EXPECT_EQ(must(database.integer(std::string("SELECT count(*) FROM ") + table)), units) << table;
}

}  // namespace
}  // namespace klaw::storage
