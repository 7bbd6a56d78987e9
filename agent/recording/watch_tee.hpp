#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/kube/watch_handler.hpp"

namespace klaw::recording {

/// Hears what a stream has received once the handler behind it has accepted it. On the stream's thread.
class Received {
public:
    virtual ~Received() = default;
    /// A watch event, or a mark (marks.hpp).
    virtual void event(std::string_view cluster, std::string_view resource, std::string_view event) = 0;
    /// A page of a list as the API server wrote it; eventsOfPage() takes it apart.
    virtual void page(std::string_view cluster, std::string_view resource, std::string_view body) = 0;
};

/// Passes a stream on to its handler and tells `received` of it.
class WatchTee final : public kube::WatchHandler {
public:
    /// Both outlive this.
    WatchTee(std::string cluster, std::string resource, kube::WatchHandler& handler, Received& received)
        : cluster_(std::move(cluster)), resource_(std::move(resource)), handler_(handler), received_(received) {}

    void listBegins() override;
    Result<kube::PageOutcome> page(kube::PaddedText body) override;
    Result<kube::LineOutcome> line(kube::PaddedText line) override;
    void listEnds(std::string_view resourceVersion) override;

private:
    std::string cluster_, resource_;
    kube::WatchHandler& handler_;
    Received& received_;
    std::string text_;  ///< handlers may write into what they are given
    bool paged_ = false;
};

/// The items of a list as the events that a streaming list would have sent. An Error for what is no list.
Result<void> eventsOfPage(std::string_view body, const std::function<void(const std::string& event)>& each);

}  // namespace klaw::recording
