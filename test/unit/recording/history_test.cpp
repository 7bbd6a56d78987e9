#include <fmt/format.h>

#include "agent/recording/history.hpp"
#include "agent/recording/history_queue.hpp"
#include "agent/recording/history_reader.hpp"
#include "agent/recording/history_writer.hpp"
#include "agent/recording/marks.hpp"
#include "agent/recording/watch_tee.hpp"
#include "test/unit/recording/recording_test.hpp"

namespace klaw::recording::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const TimePoint start = *parseRfc3339("2026-11-23T10:00:00Z");

std::string event(const std::string& type, const std::string& uid, int version = 1) {
    return fmt::format(R"({{"type":"{}","object":{{"metadata":{{"uid":"{}","resourceVersion":"{}"}}}}}})", type, uid,
                       version);
}
const std::string listEnd =
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"0","annotations":{"k8s.io/initial-events-end":"true"}}}})";
const std::string begins(listBeginsMark);

/// Segments of an hour each, one after the other from `start`.
class History : public testing::Test {
protected:
    void segment(const std::vector<std::string>& events, Duration at = 1s, const char* resource = "pods") {
        auto begun = start + 1h * segments_++;
        auto writer = RecordingWriter::create(historySegment(directory_ / "", begun), {begun, {}});
        ASSERT_TRUE(writer);
        for (const auto& each : events) ASSERT_TRUE(writer->event(at, "prod", resource, each));
        ASSERT_TRUE(writer->close());
    }
    void foldOldest() {
        auto folded = foldHistory(directory(), historyIn(directory()), start + 1h * ++folded_, stopping_);
        EXPECT_TRUE(folded) << folded.error().describe();
    }
    std::vector<std::string> base() {
        auto reader = RecordingReader::open(historyBase(directory()));
        EXPECT_TRUE(reader);
        return eventsOf(*reader);
    }
    template <class Reader>
    static std::vector<std::string> eventsOf(Reader& reader) {
        std::vector<std::string> events;
        for (;;) {
            auto entry = reader.next();
            EXPECT_TRUE(entry) << entry.error().describe();
            if (!entry || !*entry) return events;
            events.emplace_back((*entry)->event.text());
        }
    }
    std::filesystem::path directory() const { return directory_ / ""; }

private:
    TemporaryDirectory directory_;
    int segments_ = 0, folded_ = 0;

protected:
    std::atomic<bool> stopping_ = false;
};

TEST_F(History, FoldsTheOldestSegmentIntoTheLastEventOfEachObjectThatIsStillThere) {
    segment({begins, event("ADDED", "a"), event("ADDED", "b"), listEnd, event("MODIFIED", "a", 2),
             event("DELETED", "b"), event("ADDED", "c")});
    segment({event("MODIFIED", "c", 3)});
    foldOldest();
    EXPECT_THAT(base(), ElementsAre(event("MODIFIED", "a", 2), event("ADDED", "c"), listEnd));
    foldOldest();
    EXPECT_THAT(base(), ElementsAre(event("MODIFIED", "a", 2), event("MODIFIED", "c", 3), listEnd));
    EXPECT_THAT(historyIn(directory()).segments, IsEmpty());
}

TEST_F(History, ForgetsWhatANewListDoesNotNameAnyMore) {
    segment({begins, event("ADDED", "a"), event("ADDED", "gone"), listEnd, begins, event("ADDED", "a", 2), listEnd});
    foldOldest();
    EXPECT_THAT(base(), ElementsAre(event("ADDED", "a", 2), listEnd));
}

TEST_F(History, KeepsAListOpenThatEndsInTheNextSegment) {
    segment({begins, event("ADDED", "gone"), event("ADDED", "late"), listEnd, begins, event("ADDED", "a")});
    segment({event("ADDED", "late", 2), listEnd});
    foldOldest();
    EXPECT_THAT(base(),
                ElementsAre(event("ADDED", "gone"), event("ADDED", "late"), listEnd, begins, event("ADDED", "a")));
    foldOldest();
    EXPECT_THAT(base(), ElementsAre(event("ADDED", "a"), event("ADDED", "late", 2), listEnd));
}

TEST_F(History, RemembersInTheBaseThatSomethingWasLostUntilAListMakesUpForIt) {
    std::string lost(lostMark);
    segment({begins, event("ADDED", "a"), listEnd, lost});
    segment({begins, event("ADDED", "a", 2), listEnd});
    foldOldest();
    EXPECT_THAT(base(), ElementsAre(event("ADDED", "a"), listEnd, lost));
    foldOldest();
    EXPECT_THAT(base(), ElementsAre(event("ADDED", "a", 2), listEnd));
}

TEST_F(History, FoldsOfABrokenSegmentWhatStandsBeforeTheBreakAndMarksIt) {
    segment({begins, event("ADDED", "a"), listEnd});
    auto file = historyIn(directory()).segments.front().file;
    std::ofstream(file, std::ios::app) << "no gzip";
    foldOldest();
    EXPECT_THAT(base(), ElementsAre(event("ADDED", "a"), listEnd, std::string(lostMark)));
}

TEST_F(History, ForgetsWhatIsWatchedNoLongerAndNotWhatWasQuietForAMoment) {
    segment({begins, event("ADDED", "node"), listEnd}, 1s, "nodes");
    segment({begins, event("ADDED", "a"), listEnd}, 1s);
    segment({event("MODIFIED", "a", 2)}, 20min);
    foldOldest();
    foldOldest();
    EXPECT_THAT(base(), ElementsAre(event("ADDED", "node"), event("ADDED", "a"), listEnd, listEnd));
    foldOldest();
    EXPECT_THAT(base(), ElementsAre(event("MODIFIED", "a", 2), listEnd));
}

TEST_F(History, StaysAsItIsWhenFoldingIsStopped) {
    segment({begins, event("ADDED", "a"), listEnd});
    stopping_ = true;
    EXPECT_FALSE(foldHistory(directory(), historyIn(directory()), start + 1h, stopping_));
    EXPECT_THAT(historyIn(directory()).segments, SizeIs(1));
    EXPECT_FALSE(std::filesystem::exists(historyBase(directory())));
    EXPECT_FALSE(std::filesystem::exists(historyBase(directory()).string() + ".new"));
}

TEST_F(History, IsReadFromTheBaseToTheLastSegmentWithTimesSinceTheBeginning) {
    segment({begins, event("ADDED", "a"), listEnd});
    segment({event("MODIFIED", "a", 2)});
    segment({event("MODIFIED", "a", 3)});
    foldOldest();
    auto reader = HistoryReader::open(directory());
    ASSERT_TRUE(reader) << reader.error().describe();
    EXPECT_EQ(reader->started(), start + 1h);
    std::vector<Duration> times;
    for (;;) {
        auto entry = reader->next();
        ASSERT_TRUE(entry);
        if (!*entry) break;
        times.push_back((*entry)->at);
    }
    EXPECT_THAT(times, ElementsAre(0s, 0s, 1s, 1h + 1s));
}

TEST_F(History, DoesNotReadASegmentTwiceThatIsInTheBaseAlready) {
    segment({begins, event("ADDED", "a"), listEnd});
    auto swallowed = historyIn(directory()).segments.front().file;
    auto copy = swallowed;
    copy += ".copy";
    std::filesystem::copy(swallowed, copy);
    foldOldest();
    std::filesystem::rename(copy, swallowed);  // killed between the two steps of folding
    EXPECT_THAT(historyIn(directory()).segments, IsEmpty());
}

TEST_F(History, WithoutOneSaysHowToGetOne) {
    auto reader = HistoryReader::open(directory());
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::NotFound);
    EXPECT_THAT(reader.error().remedy, HasSubstr("history"));
}

TEST_F(History, IsWrittenFromWhatStreamsReceiveInSegmentsAndKeepsItsHours) {
    ManualClock clock(start);
    HistoryOptions options;
    options.directory = directory();
    options.keep = 24h;
    {
        auto history = HistoryWriter::open(options, clock);
        ASSERT_TRUE(history);
        (*history)->event("prod", "pods", begins);
        (*history)->page("prod", "pods", R"({"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"uid":"a"}}]})");
        (*history)->event("prod", "pods", listEnd);
        for (int hour = 1; hour < 30; ++hour) {
            clock.advance(1h);
            (*history)->event("prod", "pods", event("MODIFIED", "a", hour));
        }
    }
    // The thread that folds may have been at work when the last segment began.
    for (auto files = historyIn(directory()); files.segments[1].started <= clock.now() - options.keep;
         files = historyIn(directory()))
        ASSERT_TRUE(foldHistory(directory(), files, files.segments[1].started, stopping_));
    auto reader = HistoryReader::open(directory());
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->started(), clock.now() - 24h);
    EXPECT_THAT(eventsOf(*reader).front(), event("MODIFIED", "a", 4));
}

TEST(HistoryQueue, CountsWhatFindsNoRoomAndMarksItsStreamAfterwards) {
    HistoryQueue queue(800);
    auto put = [&](const char* resource, std::size_t size) {
        queue.put({start, "prod", resource, std::string(size, 'x'), false});
    };
    put("pods", 700);
    put("pods", 300);
    put("nodes", 20);
    EXPECT_EQ(queue.lost(), 1u);
    EXPECT_THAT(queue.take(), SizeIs(2));
    put("nodes", 100);
    put("pods", 100);
    auto taken = queue.take();
    ASSERT_THAT(taken, SizeIs(3));
    EXPECT_EQ(taken[1].resource, "pods");
    EXPECT_EQ(taken[1].text, lostMark);
}

TEST(EventsOfPage, AreThoseThatAStreamingListWouldHaveSent) {
    std::vector<std::string> events;
    auto split = eventsOfPage(R"({"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]})",
                              [&](const std::string& each) { events.push_back(each); });
    ASSERT_TRUE(split);
    EXPECT_THAT(events,
                ElementsAre(R"({"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}})"));
    EXPECT_FALSE(eventsOfPage(R"({"kind":"Status"})", [](const std::string&) {}));
}

}  // namespace
}  // namespace klaw::recording::test
