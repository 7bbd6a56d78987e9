#pragma once

#include <memory>
#include <string>

#include "agent/kube/api_server.hpp"
#include "agent/kube/line_framer.hpp"
#include "agent/kube/watch_handler.hpp"
#include "agent/kube/watch_plan.hpp"
#include "agent/kube/watch_server.hpp"
#include "base/async/loop_clock.hpp"
#include "base/random.hpp"

namespace klaw::kube {

struct WatchOptions {
    std::string resource;           ///< canonical: "pods", "deployments.apps"
    std::string fieldSelector;      ///< "type=Warning"; empty: none
    Duration stallAfter = 4min;     ///< without any line, bookmarks included, which come every minute or so
    Duration listStallAfter = 60s;  ///< the same before the first list is complete
    Duration renewAtLeast = 5min;   ///< a watch is renewed after a random time between this and twice this
    int pageSize = 500;
    std::size_t maxLineBytes = 64u << 20;
    net::Backoff::Limits backoff;
};

/// What /readyz, the status page and metrics show of a stream.
struct WatchStatus {
    WatchPhase phase = WatchPhase::StreamingList;
    bool listed = false;    ///< the first list is complete
    std::string lastError;  ///< empty while all is well
    std::optional<ErrorCode> errorCode;
    std::optional<TimePoint> failingSince;
    TimePoint lastLineAt{};
    std::uint64_t lists = 0;
    std::uint64_t watches = 0;
    std::uint64_t expired = 0;
    std::uint64_t stalls = 0;
    std::uint64_t failures = 0;
    std::uint64_t bytes = 0;
};

/// Keeps one resource of one cluster listed and watched until it is cancelled. On the loop thread.
class WatchStream {
public:
    /// References outlive the stream; `changed` is called when the status has.
    WatchStream(WatchServer& server, LoopClock& clock, Random& random, WatchHandler& handler, WatchOptions options,
                std::function<void()> changed = {});
    WatchStream(ApiServer& server, LoopClock& clock, Random& random, WatchHandler& handler, WatchOptions options,
                std::function<void()> changed = {});

    Task<void> run();
    /// Lists again as soon as the request in hand has ended, and ends it: for new fields.
    void relist();
    const WatchStatus& status() const { return status_; }
    /// Up to which it has read; empty before the end of a first list.
    const std::string& version() const { return plan_.version(); }
    const WatchOptions& options() const { return options_; }

private:
    WatchStream(std::unique_ptr<WatchServer> own, LoopClock& clock, Random& random, WatchHandler& handler,
                WatchOptions options, std::function<void()> changed);
    Task<WatchEnd> watch(const std::string& path);
    Task<WatchEnd> pagedList(const std::string& path);
    Task<Result<std::size_t>> read(net::HttpBodyStream& body);
    std::optional<WatchEnd> handleLines();
    std::optional<WatchEnd> handle(PaddedText line);
    std::string watchQuery();
    void note(const WatchEnd& end);
    void noteTrouble(std::string message, ErrorCode code);
    void noteAllIsWell();

    std::unique_ptr<WatchServer> own_;
    WatchServer& server_;
    LoopClock& clock_;
    Random& random_;
    WatchHandler& handler_;
    WatchOptions options_;
    std::function<void()> changed_;
    WatchPlan plan_;
    LineFramer framer_;
    WatchStatus status_;
    bool relistWanted_ = false;
    net::HttpBodyStream* body_ = nullptr;  ///< of the request in hand
};

}  // namespace klaw::kube
