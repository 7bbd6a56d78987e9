// `klaw replay` as a whole: what it prints is the same on every machine.
#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "agent/cli/commands.hpp"

namespace klaw::cli {
namespace {

using testing::HasSubstr;

const std::filesystem::path goldenDirectory = std::filesystem::path(KLAW_SOURCE_DIR) / "test/golden/replay";

/// What is written to standard output meanwhile.
class Captured {
public:
    Captured() : before_(std::cout.rdbuf(text_.rdbuf())) {}
    ~Captured() { std::cout.rdbuf(before_); }
    std::string text() const { return text_.str(); }

private:
    std::ostringstream text_;
    std::streambuf* before_;
};

std::string replayed(const ReplayOptions& options) {
    Captured captured;
    EXPECT_EQ(replayCommand(options), 0);
    return captured.text();
}

ReplayOptions smallStory(const std::string& output) {
    ReplayOptions options;
    options.files = {(goldenDirectory / "recording.jsonl").string()};
    options.rules = {(goldenDirectory / "rules.yaml").string()};
    options.noDefaults = true;
    options.output = output;
    return options;
}

/// KLAW_UPDATE_GOLDEN=1 writes the file anew, for review.
void expectGolden(const std::string& name, const std::string& text) {
    auto path = goldenDirectory / name;
    if (std::getenv("KLAW_UPDATE_GOLDEN")) std::ofstream(path) << text;
    std::ifstream in(path);
    std::stringstream expected;
    expected << in.rdbuf();
    EXPECT_EQ(expected.str(), text) << path;
}

/// Another machine, as far as a program notices.
class OtherPlace {
public:
    OtherPlace() {
        ::setenv("TZ", "Asia/Shanghai", 1);
        ::setenv("COLUMNS", "47", 1);
        ::tzset();
    }
    ~OtherPlace() {
        ::unsetenv("TZ");
        ::unsetenv("COLUMNS");
        ::tzset();
    }
};

TEST(Replay, TellsTheStoryOfARecordingAsReviewed) {
    expectGolden("story.txt", replayed(smallStory("text")));
    expectGolden("story.jsonl", replayed(smallStory("json")));
    expectGolden("summary.txt", replayed(smallStory("summary")));
}

TEST(Replay, SpeaksTheLanguageThatIsAskedFor) {
    auto options = smallStory("text");
    options.language = "zh";
    EXPECT_THAT(replayed(options), HasSubstr("cart-5d9-a 反复崩溃"));
}

TEST(Replay, GivesTheSameBytesForTheSameRecordingTwiceAndElsewhere) {
    for (const char* output : {"text", "json"}) {
        ReplayOptions options;
        options.files = {KLAW_SOURCE_DIR "/test/recordings/demo.jsonl.gz"};
        options.output = output;
        auto first = replayed(options);
        EXPECT_THAT(first, HasSubstr("PodCrashLooping"));
        EXPECT_TRUE(first == replayed(options)) << output << ": the second time differs";
        OtherPlace elsewhere;
        EXPECT_TRUE(first == replayed(options)) << output << ": elsewhere differs";
    }
}

TEST(Replay, SaysWhereARecordingIsBroken) {
    auto broken = std::filesystem::path(testing::TempDir()) / "klaw-broken.jsonl";
    std::ofstream(broken)
        << R"({"klaw":"recording","version":1,"started":"2026-11-23T10:00:00Z","clusters":{"prod":{}}})"
        << "\n{\"t\":1,\"cluster\":\"prod\",\"resource\":\"pods\",\"event\":7}\n";
    ReplayOptions options;
    options.files = {broken.string()};
    testing::internal::CaptureStderr();
    EXPECT_EQ(replayCommand(options), 1);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("klaw-broken.jsonl:2"));
    std::filesystem::remove(broken);
}

}  // namespace
}  // namespace klaw::cli
