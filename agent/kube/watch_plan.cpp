#include "agent/kube/watch_plan.hpp"

#include <algorithm>

namespace klaw::kube {
namespace {

constexpr Duration forbiddenPause = 60s;  // permissions change rarely, and asking costs the server

bool isPermanent(const Error& error) {
    return error.code == ErrorCode::PermissionDenied || error.code == ErrorCode::NotFound;
}

}  // namespace

std::string_view toString(WatchPhase phase) {
    switch (phase) {
        case WatchPhase::StreamingList:
            return "streaming list";
        case WatchPhase::PagedList:
            return "list";
        case WatchPhase::Watch:
            return "watch";
    }
    return "";
}

void WatchPlan::relist() {
    version_.clear();
    step_ = {listPhase(), Duration::zero()};
}

void WatchPlan::ended(const WatchEnd& end) {
    backoff_.lived(end.lived);
    bool wasWatch = step_.phase == WatchPhase::Watch && !version_.empty();
    auto again = wasWatch ? WatchPhase::Watch : listPhase();
    switch (end.kind) {
        case WatchEnd::Kind::Listed:
            step_ = {WatchPhase::Watch, Duration::zero()};
            return;
        case WatchEnd::Kind::Declined:
            streamingDeclined_ = true;
            step_ = {WatchPhase::PagedList, Duration::zero()};
            return;
        case WatchEnd::Kind::Expired:
            version_.clear();
            // A list that is too old at once must not be asked for in a busy loop.
            step_ = {listPhase(), wasWatch ? Duration::zero() : backoff_.next()};
            return;
        case WatchEnd::Kind::Closed:
            // In order after its time; at once is a server that is going down.
            step_ = {again, end.lived < 1s ? backoff_.next() : Duration::zero()};
            return;
        case WatchEnd::Kind::Stalled:
            step_ = {again, Duration::zero()};
            return;
        case WatchEnd::Kind::Failed:
            break;
    }
    auto wait = backoff_.next();
    if (isPermanent(end.error)) wait = std::max(wait, forbiddenPause);
    if (end.error.retry.kind == Retry::Kind::After) wait = std::max(wait, end.error.retry.after);
    step_ = {again, wait};
}

}  // namespace klaw::kube
