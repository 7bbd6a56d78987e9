#include "agent/recording/recorded_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/async/before_deadline.hpp"

namespace klaw::recording {
namespace {

constexpr std::size_t batchBytes = 64u << 10;
constexpr auto bookmarkEvery = 60s;

std::string_view typeName(RecordedResource::Type type) {
    switch (type) {
        case RecordedResource::Type::Added:
            return "ADDED";
        case RecordedResource::Type::Modified:
            return "MODIFIED";
        case RecordedResource::Type::Deleted:
            return "DELETED";
    }
    return "";
}

/// One watch: what is to be written next, and the waiting for more.
class Watch {
public:
    Watch(std::shared_ptr<RecordedCluster> cluster, LoopClock& clock, WatchRequest request, net::BodySink& sink)
        : cluster_(std::move(cluster)),
          resource_(cluster_->find(request.resource)),
          clock_(clock),
          request_(std::move(request)),
          sink_(sink),
          ends_(clock.now() + request_.timeout) {}

    Task<void> run() {
        if (request_.initialEvents && !co_await initialEvents()) co_return;
        auto nextBookmark = clock_.now() + bookmarkEvery;
        while (sink_.open() && !cluster_->stopping && clock_.now() < ends_) {
            if (request_.after < resource_->forgotten()) {
                out_ = expired();
                co_await write();
                co_return;
            }
            collectChanges();
            if (request_.bookmarks && clock_.now() >= nextBookmark) {
                addBookmark(false);
                nextBookmark = clock_.now() + bookmarkEvery;
            }
            if (!out_.empty()) {
                if (!co_await write()) co_return;
                continue;
            }
            auto wake = request_.bookmarks ? std::min(ends_, nextBookmark) : ends_;
            co_await beforeDeadline(clock_, wake, change());
        }
    }

private:
    Task<bool> write() {
        auto bytes = std::exchange(out_, std::string());
        auto written = co_await sink_.write(bytes);
        co_return written.has_value();
    }

    Task<bool> initialEvents() {
        request_.after = cluster_->version;
        std::string last;
        for (auto next = resource_->objects().begin(); next != resource_->objects().end();
             next = resource_->objects().upper_bound(last)) {
            for (; next != resource_->objects().end() && out_.size() < batchBytes; ++next) {
                last = next->first;
                addEvent("ADDED", *next->second.object, next->second.version);
            }
            bool alive = co_await write();
            if (!alive) co_return false;
        }
        addBookmark(true);
        bool alive = co_await write();
        co_return alive;
    }

    void collectChanges() {
        const auto& log = resource_->log();
        auto next =
            std::upper_bound(log.begin(), log.end(), request_.after,
                             [](std::uint64_t version, const auto& logged) { return version < logged.version; });
        for (; next != log.end() && out_.size() < batchBytes; ++next) {
            request_.after = next->version;
            addEvent(typeName(next->type), *next->object, next->version);
        }
    }

    void addEvent(std::string_view type, const RecordedObject& object, std::uint64_t version) {
        if (!request_.ns.empty() && object.ns() != request_.ns) return;
        out_ += fmt::format(R"({{"type":"{}","object":)", type);
        object.appendTo(out_, version);
        out_ += "}\n";
    }

    void addBookmark(bool endsInitialEvents) {
        // Between changes a bookmark moves the client on to the version of the whole cluster.
        const auto& log = resource_->log();
        bool caughtUp = log.empty() || log.back().version <= request_.after;
        if (caughtUp && !endsInitialEvents) request_.after = cluster_->version;
        out_ +=
            fmt::format("{{\"type\":\"BOOKMARK\",\"object\":{}}}\n",
                        bookmarkObject(resource_->kind(), resource_->apiVersion(), request_.after, endsInitialEvents));
    }

    std::string expired() const {
        auto message = fmt::format("too old resource version: {} ({})", request_.after, resource_->forgotten());
        return fmt::format("{{\"type\":\"ERROR\",\"object\":{}}}\n", statusDocument(410, "Expired", message));
    }

    /// Ends when there is something to do. A value, because the waiting for it needs one.
    Task<bool> change() {
        auto somethingNew = [this] {
            const auto& log = resource_->log();
            return cluster_->stopping || !sink_.open() || (!log.empty() && log.back().version > request_.after);
        };
        co_await cluster_->changed.until(somethingNew);
        co_return true;
    }

    std::shared_ptr<RecordedCluster> cluster_;
    RecordedResource* resource_;
    LoopClock& clock_;
    WatchRequest request_;
    net::BodySink& sink_;
    TimePoint ends_;
    std::string out_;
};

}  // namespace

Task<void> serveWatch(std::shared_ptr<RecordedCluster> cluster, LoopClock& clock, WatchRequest request,
                      net::BodySink& sink) {
    Watch watch(std::move(cluster), clock, std::move(request), sink);
    co_await watch.run();
}

std::string statusDocument(int code, std::string_view reason, std::string_view message) {
    nlohmann::ordered_json json{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"}};
    json["metadata"] = nlohmann::ordered_json::object();
    json["message"] = message;
    json["reason"] = reason;
    json["code"] = code;
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace klaw::recording
