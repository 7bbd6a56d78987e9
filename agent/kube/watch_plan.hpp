#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/net/backoff.hpp"
#include "base/time.hpp"

namespace klaw::kube {

/// What a list/watch stream does next.
enum class WatchPhase {
    StreamingList,  ///< a watch that begins with all objects
    PagedList,
    Watch,
};
std::string_view toString(WatchPhase phase);

/// How one request of a stream ended.
struct WatchEnd {
    enum class Kind {
        Listed,    ///< a paged list is complete
        Closed,    ///< the server ended the watch in order, as it does after its timeout
        Expired,   ///< 410, or an ERROR event with code 410 or reason Expired
        Declined,  ///< the server does not know streaming lists
        Stalled,   ///< nothing came for too long
        Failed,    ///< everything else: `error`
    };
    Kind kind = Kind::Failed;
    Error error;
    Duration lived{};  ///< how long the request was answered
};

/// Decides, without doing anything, how a list/watch stream goes on. Forgets its back-off after a healthy minute.
class WatchPlan {
public:
    WatchPlan(Random& random, net::Backoff::Limits backoff) : backoff_(random, backoff) {}

    struct Step {
        WatchPhase phase = WatchPhase::StreamingList;
        Duration wait{};  ///< before it
    };
    const Step& step() const { return step_; }
    /// A version from which a watch may go on; known once the first list is complete.
    void versionSeen(std::string version) { version_ = std::move(version); }
    const std::string& version() const { return version_; }
    /// The streaming list in hand has given all objects: from now on it is a watch.
    void listComplete() { step_.phase = WatchPhase::Watch; }
    void ended(const WatchEnd& end);
    /// Starts again with a list, whatever went before.
    void relist();

private:
    WatchPhase listPhase() const { return streamingDeclined_ ? WatchPhase::PagedList : WatchPhase::StreamingList; }

    net::Backoff backoff_;
    Step step_;
    std::string version_;
    bool streamingDeclined_ = false;
};

}  // namespace klaw::kube
