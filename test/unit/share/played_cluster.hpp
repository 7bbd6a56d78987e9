#pragma once

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/async/loop_condition.hpp"
#include "base/net/http_server.hpp"

namespace klaw::share::test {

/// An API server with Pods: streaming lists, watches from a version, and what was asked of it.
class PlayedCluster {
public:
    explicit PlayedCluster(Loop& loop)
        : changed_(loop), server_(loop, net::HttpServerOptions(), [this](net::ServerRequest request) {
              return answer(std::move(request));
          }) {}

    std::string listen() { return "http://127.0.0.1:" + std::to_string(server_.listen().value()); }
    Task<void> stop() {
        ending_ = true;
        changed_.notify();
        co_await server_.stop(Duration::zero());
    }
    void put(const std::string& name, const std::string& phase) {
        change(pods_.contains(name) ? "MODIFIED" : "ADDED", name, phase);
        pods_[name] = log_.back().object;
    }
    void remove(const std::string& name) {
        auto phase = pods_.at(name)["status"]["phase"].get<std::string>();
        pods_.erase(name);
        change("DELETED", name, phase);
    }
    /// Tells every watch how far it is.
    void bookmark() {
        bookmarked_ = version_;
        changed_.notify();
    }
    /// No requests are answered, and those under way end.
    void setAway(bool away) {
        away_ = away;
        changed_.notify();
    }
    int version() const { return version_; }
    std::size_t watching() const { return watching_; }
    std::vector<std::string> targets;

private:
    struct Event {
        int version = 0;
        std::string type;
        nlohmann::json object;
        std::string line() const { return nlohmann::json{{"type", type}, {"object", object}}.dump() + "\n"; }
    };
    void change(const std::string& type, const std::string& name, const std::string& phase) {
        nlohmann::json metadata{{"name", name}, {"namespace", "shop"}, {"uid", "u-" + name}};
        metadata["resourceVersion"] = std::to_string(++version_);
        nlohmann::json object{{"kind", "Pod"}, {"apiVersion", "v1"}, {"metadata", metadata}};
        object["status"]["phase"] = phase;
        log_.push_back({version_, type, object});
        changed_.notify();
    }
    static std::string bookmarkLine(int version, bool endsList) {
        nlohmann::json metadata{{"resourceVersion", std::to_string(version)}};
        if (endsList) metadata["annotations"]["k8s.io/initial-events-end"] = "true";
        return nlohmann::json{{"type", "BOOKMARK"}, {"object", {{"metadata", metadata}}}}.dump() + "\n";
    }
    Task<net::ServerResponse> answer(net::ServerRequest request) {
        targets.push_back(request.target);
        net::ServerResponse response;
        if (away_) response.status = 0;
        if (away_) co_return response;
        auto after = request.query("resourceVersion");
        response.stream = [this, after](net::BodySink& sink) { return watch(after, sink); };
        co_return response;
    }
    Task<void> watch(std::optional<std::string> after, net::BodySink& sink) {
        ++watching_;
        int seen = after ? std::stoi(*after) : version_;
        int marked = bookmarked_;
        std::string text;
        if (!after) {
            for (const auto& [name, pod] : pods_) text += Event{0, "ADDED", pod}.line();
            text += bookmarkLine(version_, true);
        }
        while (sink.open() && !ending_ && !away_) {
            for (const auto& event : log_)
                if (event.version > seen) text += event.line();
            seen = std::max(seen, version_);
            if (bookmarked_ > marked) text += bookmarkLine(bookmarked_, false);
            marked = bookmarked_;
            if (!text.empty()) {
                auto written = co_await sink.write(text);
                if (!written) break;
                text.clear();
                continue;
            }
            auto more = [this, &sink, seen, marked] {
                return !sink.open() || ending_ || away_ || version_ > seen || bookmarked_ > marked;
            };
            co_await changed_.until(more);
        }
        --watching_;
        if (away_) sink.abort();
    }

    int version_ = 10, bookmarked_ = 0;
    std::map<std::string, nlohmann::json> pods_;
    std::vector<Event> log_;
    std::size_t watching_ = 0;
    bool away_ = false, ending_ = false;
    LoopCondition changed_;
    net::HttpServer server_;
};

}  // namespace klaw::share::test
