#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/kube/watch_server.hpp"
#include "base/async/loop_clock.hpp"

namespace klaw::share {

/// The replica that watches a cluster for the others.
struct Holder {
    std::string name;
    std::string address;  ///< "http://10.0.0.7:8080"
    friend bool operator==(const Holder&, const Holder&) = default;
};

/// How other replicas are asked. The client outlives whoever uses it.
struct Peers {
    net::HttpClient& client;
    std::string token;
};

/// Where the stream of one resource comes from: from the replica that watches its cluster, and where that cannot give
/// it, from the API server itself. Versions are the same in both, so a stream that moves goes on where it was; a list
/// is never taken from where less may be known than was told already. On the loop thread.
class SharedSource final : public kube::WatchServer {
public:
    struct Options {
        std::string cluster;
        std::string fields;           ///< digest
        Duration patience = 3s;       ///< with a holder that is away or not ready
        Duration askAgainEvery = 5s;  ///< while the API server stands in for it
        Duration askRefusingEvery = 60s;
    };
    /// `version`: up to where the stream has read. `changed`: where it comes from.
    SharedSource(kube::ApiServer& server, const Peers& peers, LoopClock& clock, Options options,
                 std::function<std::string()> version, std::function<void()> changed);
    ~SharedSource() override;

    /// nullopt: the API server is asked.
    void setHolder(std::optional<Holder> holder);
    void setFields(std::string digest) { options_.fields = std::move(digest); }
    /// Goes back from the API server to the holder once that can go on. Until it is cancelled.
    Task<void> run();

    /// Name of the replica; empty: the API server, or nothing yet.
    const std::string& from() const { return from_; }
    /// Why the API server stands in for the holder; empty: it does not.
    const std::string& reason() const { return reason_; }

    Task<Result<std::string>> pathOf(std::string resource) override { return direct_.pathOf(std::move(resource)); }
    Task<Result<net::HttpResponse>> get(std::string path, Duration timeout) override;
    Task<Result<std::unique_ptr<net::HttpBodyStream>>> open(std::string path, Duration timeout) override;

private:
    class Body;
    using Opened = Result<std::unique_ptr<net::HttpBodyStream>>;
    Task<std::optional<Opened>> openAtHolder(std::string path);
    Task<Opened> openDirectly(std::string path, Duration timeout);
    Task<Opened> request(std::string path);
    Task<void> lookAtHolder();
    bool mayAskHolder(const std::string& path) const;
    void standIn(const Error& reason);
    void note(std::string from, std::string reason);
    void leave();

    kube::DirectServer direct_;
    const Peers& peers_;
    LoopClock& clock_;
    Options options_;
    std::function<std::string()> version_;
    std::function<void()> changed_;
    std::optional<Holder> holder_;
    std::uint64_t moves_ = 0;
    std::optional<TimePoint> troubledSince_;
    bool standsIn_ = false;  ///< the API server, for the holder
    bool refuses_ = false;   ///< the holder, which waiting does not mend
    bool mayList_ = true;    ///< at the holder: it knows no less than what was read before
    bool hasRead_ = false;
    std::string path_;  ///< of the resource
    Body* body_ = nullptr;
    std::string from_, reason_;
};

}  // namespace klaw::share
