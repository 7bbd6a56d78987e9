#include "agent/recording/history_writer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "agent/recording/history.hpp"
#include "agent/recording/history_queue.hpp"
#include "agent/recording/marks.hpp"
#include "agent/recording/recording_writer.hpp"

namespace klaw::recording {
namespace {

constexpr int segmentsKept = 24;
constexpr Duration shortestSegment = 1s;
constexpr Duration triesAgainAfter = 1min;

}  // namespace

struct HistoryWriter::Impl {
    Impl(HistoryOptions given, const Clock& time)
        : options(std::move(given)), clock(time), queue(options.queueBytes), thread([this] { work(); }) {}
    ~Impl() {
        stopping = true;
        queue.close();
        thread.join();
    }

    void work() {
        do {
            try {
                for (const auto& event : queue.take()) keep(event);
                flush();
            } catch (const std::exception& failure) {  // no memory, no further thread
                fault(Error(ErrorCode::ResourceExhausted, failure.what()), started);
            }
        } while (!queue.isClosed());
        if (segment)
            if (auto closed = segment->close(); !closed) fault(closed.error());
        if (folding.valid()) folding.wait();
    }

    void keep(const QueuedEvent& event) {
        Stream stream(event.cluster, event.resource);
        streams.insert(stream);
        if (!ready(event.at)) {
            lossy.insert(std::move(stream));
            return queue.countLost(1);
        }
        Result<void> written;
        if (lossy.erase(stream) > 0) written = write(event, lostMark);
        if (written) written = event.isPage ? writePage(event) : write(event, event.text);
        if (!written) fault(written.error(), event.at);
    }
    Result<void> write(const QueuedEvent& event, std::string_view text) {
        // The clock may have been put back.
        auto at = std::max(Duration{}, event.at - started);
        auto written = segment->event(at, event.cluster, event.resource, text);
        if (written || written.error().code != ErrorCode::InvalidArgument) return written;
        queue.countLost(1);  // no JSON object: the handler behind the tee knows why it took it
        return {};
    }
    Result<void> writePage(const QueuedEvent& event) {
        Result<void> outcome;
        auto split = eventsOfPage(event.text, [&](const std::string& item) {
            if (outcome) outcome = write(event, item);
        });
        if (!split) queue.countLost(1);
        return outcome;
    }

    /// There is a segment for what happens at this time.
    bool ready(TimePoint at) {
        bool isFull = segment && (at - started >= segmentLasts() || segmentBytes > options.maxBytes / segmentsKept);
        if (isFull) {
            if (auto closed = segment->close(); !closed) fault(closed.error(), at);
            segment.reset();
        }
        if (segment) return true;
        if (failedAt && at - *failedAt < triesAgainAfter) return false;
        auto made = RecordingWriter::create(historySegment(options.directory, at), {at, {}}, {.fast = true});
        if (!made) {
            fault(made.error(), at);
            return false;
        }
        segment.emplace(std::move(*made));
        started = at;
        segmentBytes = 0;
        if (std::exchange(failedAt, {})) say({});
        older = historyIn(options.directory).size();
        fold(at);
        return true;
    }

    void flush() {
        if (!segment) return;
        if (auto flushed = segment->flush(); !flushed) return fault(flushed.error(), started);
        std::error_code gone;
        auto size = std::filesystem::file_size(historySegment(options.directory, started), gone);
        segmentBytes = gone ? 0 : size;
        std::lock_guard lock(mutex);
        status.bytes = older + segmentBytes;
    }

    /// In a thread of its own, one at a time: it reads all of the base.
    void fold(TimePoint now) {
        if (folding.valid() && folding.wait_for(0s) != std::future_status::ready) return;
        folding = std::async(std::launch::async, [this, now] { foldOldest(now); });
    }
    void foldOldest(TimePoint now) {
        for (;;) {
            auto files = historyIn(options.directory);
            bool enough = files.segments.size() < 2 ||
                          (files.segments[1].started > now - options.keep && files.size() <= options.maxBytes);
            if (enough) {
                if (foldFailed.exchange(false)) say({});
                return;
            }
            auto ends = files.segments[1].started;
            auto folded = foldHistory(options.directory, files, ends, stopping);
            older = historyIn(options.directory).size();
            if (folded) continue;
            if (!stopping)
                foldFailed = true, say("the oldest of it cannot be made smaller: " + folded.error().describe());
            return;
        }
    }

    void fault(const Error& error, std::optional<TimePoint> at = {}) {
        segment.reset();
        failedAt = at;
        lossy = streams;  // what was not flushed may be gone, whose it was
        queue.countLost(1);
        say(error.describe());
    }
    void say(std::string trouble) {
        if (trouble.empty())
            spdlog::info("the history is written again");
        else
            spdlog::error("the history: {}", trouble);
        std::lock_guard lock(mutex);
        status.trouble = std::move(trouble);
    }

    HistoryOptions options;
    const Clock& clock;
    std::atomic<bool> stopping = false, foldFailed = false;
    std::atomic<std::uint64_t> older = 0;  ///< bytes of what is on disk beside the segment that is written
    HistoryQueue queue;
    mutable std::mutex mutex;
    HistoryStatus status;
    // Of the thread:
    std::optional<RecordingWriter> segment;
    TimePoint started;
    std::uint64_t segmentBytes = 0;
    std::optional<TimePoint> failedAt;
    using Stream = std::pair<std::string, std::string>;  ///< cluster and resource
    std::set<Stream> streams;
    std::set<Stream> lossy;  ///< of which something was not kept
    std::future<void> folding;
    std::thread thread;

    Duration segmentLasts() const { return std::max<Duration>(shortestSegment, options.keep / segmentsKept); }
};

HistoryWriter::HistoryWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HistoryWriter::~HistoryWriter() = default;

Result<std::unique_ptr<HistoryWriter>> HistoryWriter::open(HistoryOptions options, const Clock& clock) {
    std::error_code failed;
    std::filesystem::create_directories(options.directory, failed);
    if (!failed)
        std::filesystem::permissions(options.directory, std::filesystem::perms::owner_all,
                                     std::filesystem::perm_options::replace, failed);
    if (failed)
        return fail(ErrorCode::Unavailable, "cannot make the directory of the history: " + failed.message(),
                    options.directory.string());
    return std::unique_ptr<HistoryWriter>(new HistoryWriter(std::make_unique<Impl>(std::move(options), clock)));
}

void HistoryWriter::event(std::string_view cluster, std::string_view resource, std::string_view event) {
    impl_->queue.put({impl_->clock.now(), std::string(cluster), std::string(resource), std::string(event), false});
}

void HistoryWriter::page(std::string_view cluster, std::string_view resource, std::string_view body) {
    impl_->queue.put({impl_->clock.now(), std::string(cluster), std::string(resource), std::string(body), true});
}

HistoryStatus HistoryWriter::status() const {
    std::lock_guard lock(impl_->mutex);
    auto status = impl_->status;
    status.lostEvents = impl_->queue.lost();
    return status;
}

}  // namespace klaw::recording
