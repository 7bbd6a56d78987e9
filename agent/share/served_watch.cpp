#include "agent/share/served_watch.hpp"

#include <algorithm>
#include <string_view>

namespace klaw::share {
namespace {

/// Readers learn that nothing has changed, and that somebody is there.
constexpr Duration bookmarkEvery = 30s;
constexpr std::string_view expired =
    R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,)"
    R"("message":"what was read cannot be continued"}})"
    "\n";

class Watch {
public:
    Watch(std::shared_ptr<ServedResource> resource, LoopClock& clock, const WatchRequest& request, net::BodySink& sink)
        : resource_(std::move(resource)),
          clock_(clock),
          sink_(sink),
          generation_(request.generation.value_or(resource_->generation())),
          ends_(clock.now() + request.timeout),
          bookmarkDue_(clock.now() + bookmarkEvery),
          after_(request.after) {}

    Task<void> run() {
        // What was answered to may have ended since, before this had its turn.
        bool isAnother = resource_->generation() != generation_;
        if (!isOpen() || (!after_ && isAnother)) co_return;
        if (!after_ && !co_await initialEvents()) co_return;
        while (isOpen() && clock_.now() < ends_) {
            if (cannotContinue()) {
                (void)co_await sink_.write(expired);
                co_return;
            }
            auto text = next();
            if (text.empty()) {
                auto wake = std::min(ends_, bookmarkDue_);
                auto somethingNew = [this] {
                    return !isOpen() || cannotContinue() || resource_->hasChangesAfter(*after_);
                };
                co_await resource_->whenChanged().until(somethingNew, clock_, wake);
                continue;
            }
            auto written = co_await sink_.write(text);
            if (!written) co_return;
        }
    }

private:
    bool isOpen() const { return sink_.open() && resource_->isWhole(); }
    bool cannotContinue() const { return resource_->generation() != generation_ || *after_ < resource_->forgotten(); }

    Task<bool> initialEvents() {
        after_ = resource_->version();
        auto pieces = resource_->initialEvents();
        for (const auto& piece : pieces) {
            auto written = co_await sink_.write(piece);
            if (!written) co_return false;
        }
        co_return true;
    }

    std::string next() {
        auto text = resource_->changesAfter(*after_);
        if (!text.empty() || clock_.now() < bookmarkDue_) return text;
        bookmarkDue_ = clock_.now() + bookmarkEvery;
        after_ = resource_->version();
        return resource_->bookmark();
    }

    std::shared_ptr<ServedResource> resource_;
    LoopClock& clock_;
    net::BodySink& sink_;
    std::uint64_t generation_;
    TimePoint ends_, bookmarkDue_;
    std::optional<std::uint64_t> after_;
};

}  // namespace

Task<void> serveWatch(std::shared_ptr<ServedResource> resource, LoopClock& clock, WatchRequest request,
                      net::BodySink& sink) {
    Watch watch(std::move(resource), clock, request, sink);
    co_await watch.run();
}

}  // namespace klaw::share
