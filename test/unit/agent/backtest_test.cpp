// `klaw rules backtest`: what rules would have said in the hours that were kept.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/cli/commands.hpp"
#include "agent/recording/history_writer.hpp"
#include "agent/recording/marks.hpp"
#include "base/clock.hpp"

namespace klaw::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::json;

std::string podEvent(const std::string& type, const std::string& name, const std::string& phase) {
    return Json{{"type", type},
                {"object",
                 {{"kind", "Pod"},
                  {"apiVersion", "v1"},
                  {"metadata", {{"namespace", "shop"}, {"name", name}, {"uid", "uid-" + name}}},
                  {"status", {{"phase", phase}}}}}}
        .dump();
}

constexpr const char* failedRule = R"(rules:
  - alert: PodFailed
    resource: pods
    when: object.status.phase == "Failed"
    group_by: [object]
    title: "${object.metadata.name} failed"
)";

class Backtest : public testing::Test {
protected:
    Backtest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "klaw-test-XXXXXX").string();
        EXPECT_NE(mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        recording::HistoryOptions options;
        options.directory = directory_ / "history";
        history_ = std::move(*recording::HistoryWriter::open(options, clock_));
        received("pods", std::string(recording::listBeginsMark));
        received("pods", podEvent("ADDED", "old", "Failed"));
        received("pods", podEvent("ADDED", "cart", "Running"));
        received(
            "pods",
            R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"0","annotations":{"k8s.io/initial-events-end":"true"}}}})");
    }
    ~Backtest() override { std::filesystem::remove_all(directory_); }

    void received(const char* resource, const std::string& event) { history_->event("prod", resource, event); }
    void after(Duration time) { clock_.advance(time); }
    std::filesystem::path file(const std::string& name, const std::string& text) {
        std::ofstream(directory_ / name) << text;
        return directory_ / name;
    }
    /// What is printed; the history is written to its end first.
    Json backtest(const std::string& rules, const std::string& since = "48h") {
        return Json::parse(printed(rules, since, "json"));
    }
    void close() { history_.reset(); }
    const std::filesystem::path& directory() const { return directory_; }
    std::string printed(const std::string& rules, const std::string& since, const std::string& output) {
        history_.reset();
        BacktestOptions options;
        options.files = {file("rules.yaml", rules).string()};
        options.config = file("klaw.yaml", "rules: {pack: none}").string();
        options.data = directory_.string();
        options.since = since;
        options.output = output;
        std::ostringstream text;
        auto* before = std::cout.rdbuf(text.rdbuf());
        EXPECT_EQ(backtestCommand(options), 0);
        std::cout.rdbuf(before);
        return text.str();
    }

    const TimePoint now_ = SystemClock().now();

private:
    std::filesystem::path directory_;
    ManualClock clock_{now_ - 24h};
    std::unique_ptr<recording::HistoryWriter> history_;
};

TEST_F(Backtest, CountsTheCardsThatANewRuleWouldHaveSentInADay) {
    after(10h);
    received("pods", podEvent("MODIFIED", "cart", "Failed"));
    after(10h);
    received("pods", podEvent("MODIFIED", "cart", "Running"));
    received("pods", podEvent("ADDED", "web", "Failed"));
    auto outcome = backtest(failedRule);
    EXPECT_EQ(outcome["rules"],
              Json::parse(R"([{"rule":"PodFailed","alerts":3,"fromBefore":1,"cards":3,"messages":4}])"));
    EXPECT_EQ(outcome["notJudged"], Json::array());
}

TEST_F(Backtest, CountsOnlyWhatHappenedSince) {
    after(10h);
    received("pods", podEvent("MODIFIED", "cart", "Failed"));
    after(13h);
    received("pods", podEvent("ADDED", "web", "Failed"));
    EXPECT_EQ(backtest(failedRule, "2h")["rules"][0]["cards"], 1);
}

TEST_F(Backtest, ForgetsWhatWentWhileNobodyLooked) {
    after(1h);
    received("pods", std::string(recording::listBeginsMark));
    received("pods", podEvent("ADDED", "cart", "Failed"));
    received(
        "pods",
        R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"0","annotations":{"k8s.io/initial-events-end":"true"}}}})");
    auto outcome = backtest(failedRule);
    EXPECT_EQ(outcome["rules"][0]["messages"], 3) << "the card of the Pod that is gone turns green";
}

TEST_F(Backtest, SaysWhatItCannotJudge) {
    after(1min);
    received("pods", std::string(recording::lostMark));
    auto outcome = backtest(R"(rules:
  - alert: JobFails
    resource: jobs.batch
    when: object.status.failed > 0
    title: "${object.metadata.name}"
  - alert: NodeFull
    metric: node_memory_utilization
    threshold: "> 90%"
    title: "${labels.node}"
)");
    EXPECT_THAT(outcome["notJudged"], ElementsAre(HasSubstr("JobFails reads jobs.batch, of which nothing was kept"),
                                                  HasSubstr("NodeFull reads metrics"), HasSubstr("events of pods")));
}

TEST_F(Backtest, SaysWhenNobodyWatched) {
    after(3h);
    received("pods", std::string(recording::listBeginsMark));
    EXPECT_THAT(backtest(failedRule)["notJudged"], ElementsAre(HasSubstr("nothing was watched from ")));
}

TEST_F(Backtest, SaysThatARuleWaitsLongerThanWhatIsKept) {
    after(1h);
    received("pods", podEvent("MODIFIED", "cart", "Failed"));
    std::string patient = failedRule;
    patient.insert(patient.find("    title"), "    for: 2h\n");
    EXPECT_THAT(backtest(patient)["notJudged"], ElementsAre(HasSubstr("PodFailed waits for 2h")));
}

TEST_F(Backtest, RefusesATimeOfWhichNothingIsKept) {
    BacktestOptions options;
    options.files = {file("rules.yaml", failedRule).string()};
    options.config = file("klaw.yaml", "rules: {pack: none}").string();
    options.data = directory().string();
    options.since = "1h";
    close();
    testing::internal::CaptureStderr();
    EXPECT_EQ(backtestCommand(options), 1);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("nothing was kept since "));
}

TEST_F(Backtest, TakesTheNewTextOfARuleThatRuns) {
    after(1h);
    received("pods", podEvent("MODIFIED", "cart", "Failed"));
    std::filesystem::create_directory(directory() / "rules");
    std::string changed = failedRule;
    changed.replace(changed.find("\"Failed\""), 8, "\"Absent\"");
    auto running = file("rules/mine.yaml", changed);
    close();
    BacktestOptions options;
    options.files = {running.string()};
    options.config = file("klaw.yaml", "rules: {pack: none, directories: [rules]}").string();
    options.data = directory().string();
    options.since = "48h";
    EXPECT_EQ(backtestCommand(options), 0);
    options.files = {file("new.yaml", failedRule).string()};
    EXPECT_EQ(backtestCommand(options), 0) << "a rule of the same name in another file";
}

TEST_F(Backtest, PrintsATableForPeople) {
    after(1min);
    received("pods", podEvent("ADDED", "web", "Running"));
    auto text = printed(failedRule, "48h", "table");
    EXPECT_THAT(text, HasSubstr("PodFailed"));
    EXPECT_THAT(text, HasSubstr("They would have sent 1 cards from "));
}

TEST_F(Backtest, RefusesAFileWithAMistakeByItsPlace) {
    BacktestOptions options;
    options.files = {file("wrong.yaml", "rules:\n  - alert: A\n    resouce: pods\n").string()};
    testing::internal::CaptureStderr();
    EXPECT_EQ(backtestCommand(options), 1);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("wrong.yaml:3:5"));
}

}  // namespace
}  // namespace klaw::cli
