#include "storage/directory_lock.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

TEST(DirectoryLock, KeepsASecondAgentOutAndNamesTheFirst) {
    testing::TemporaryDirectory directory;
    auto first = DirectoryLock::acquire(directory.path());
    ASSERT_TRUE(first) << first.error().describe();
    auto second = DirectoryLock::acquire(directory.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
    EXPECT_NE(second.error().message.find("(process " + std::to_string(::getpid()) + ")"), std::string::npos)
        << second.error().message;
}

TEST(DirectoryLock, IsFreeOnceItsHolderIsGone) {
    testing::TemporaryDirectory directory;
    {
        ASSERT_TRUE(DirectoryLock::acquire(directory.path()));
    }
    EXPECT_TRUE(DirectoryLock::acquire(directory.path()));
}

TEST(DirectoryLock, IsFreeOnceItsHolderWasKilled) {
    testing::TemporaryDirectory directory;
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    auto child = ::fork();
    if (child == 0) {
        auto lock = DirectoryLock::acquire(directory.path());
        char answer = lock ? 'y' : 'n';
        if (::write(pipe[1], &answer, 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    char answer = 0;
    ASSERT_EQ(::read(pipe[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    EXPECT_FALSE(DirectoryLock::acquire(directory.path()));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(DirectoryLock::acquire(directory.path()));
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST(DirectoryLock, IsSharedByReplicasAndKeepsOthersOut) {
    using Holder = DirectoryLock::Holder;
    testing::TemporaryDirectory directory;
    {
        auto first = DirectoryLock::acquire(directory.path(), Holder::Replica);
        auto second = DirectoryLock::acquire(directory.path(), Holder::Replica);
        EXPECT_TRUE(first && second);
        EXPECT_EQ(DirectoryLock::acquire(directory.path()).error().code, ErrorCode::Conflict);
    }
    auto alone = DirectoryLock::acquire(directory.path());
    ASSERT_TRUE(alone);
    EXPECT_EQ(DirectoryLock::acquire(directory.path(), Holder::Replica).error().code, ErrorCode::Conflict);
}

TEST(DirectoryLock, OfAMissingDirectoryIsRefused) {
    auto lock = DirectoryLock::acquire("/nonexistent/klaw");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace klaw::storage
