#include "agent/recording/recording_server.hpp"

#include <fmt/format.h>

#include <cmath>

#include "agent/recording/playlist.hpp"
#include "agent/recording/recording_api.hpp"
#include "base/net/http_server.hpp"

namespace klaw::recording {
namespace {

constexpr std::size_t stepsBetweenPauses = 100;
constexpr auto pauseBetweenRounds = 1s;
constexpr auto stopGrace = 2s;
constexpr Duration longestWait = 24h * 36500;
constexpr double slowest = 1e-6;

class Server final : public RecordingServer {
public:
    Server(Loop& loop, LoopClock& clock, Playlist playlist, RecordingServerOptions options)
        : clock_(clock),
          playlist_(std::move(playlist)),
          options_(std::move(options)),
          cluster_(std::make_shared<RecordedCluster>(loop, playlist_.version)),
          http_(loop, httpOptions(options_), handler(std::make_shared<RecordingApi>(cluster_, clock))) {
        for (const auto& [name, object] : playlist_.types) resource(name).learnType(*object);
        for (const auto& step : playlist_.initial) apply(step);
        for (auto& [name, resource] : cluster_->resources) resource.keepAsInitial();
    }

    Result<std::uint16_t> listen() override { return http_.listen(); }

    Task<Result<void>> play() override {
        co_await playOnce();
        while (options_.loop && !cluster_->stopping) {
            co_await clock_.sleepFor(pauseBetweenRounds);
            rewind();
            co_await playOnce();
        }
        co_return Result<void>();
    }

    Task<void> stop() override {
        cluster_->stopping = true;
        cluster_->changed.notify();
        co_await http_.stop(stopGrace);
    }

private:
    static net::HttpServerOptions httpOptions(const RecordingServerOptions& options) {
        net::HttpServerOptions http;
        http.address = options.address;
        http.port = options.port;
        return http;
    }
    static net::HttpServer::Handler handler(std::shared_ptr<RecordingApi> api) {
        return [api](net::ServerRequest request) { return answer(api, std::move(request)); };
    }
    static Task<net::ServerResponse> answer(std::shared_ptr<RecordingApi> api, net::ServerRequest request) {
        co_return api->answer(request);
    }

    Task<void> playOnce() {
        auto begin = clock_.now();
        std::size_t sincePause = 0;
        for (const auto& step : playlist_.steps) {
            auto due = begin + atSpeed(step.at);
            bool mustWait = due > clock_.now();
            if (mustWait || ++sincePause == stepsBetweenPauses) {
                sincePause = 0;
                co_await clock_.sleepUntil(due);
            }
            if (cluster_->stopping) co_return;
            apply(step);
            cluster_->changed.notify();
        }
    }

    Duration atSpeed(Duration recorded) const {
        auto played = static_cast<double>(recorded.count()) / options_.speed;
        return played < static_cast<double>(longestWait.count()) ? Duration(std::llround(played)) : longestWait;
    }

    RecordedResource& resource(const std::string& name) {
        auto round = playlist_.initial.size() + playlist_.steps.size();
        auto history = options_.history > 0 ? options_.history : 2 * round + 1;
        return cluster_->resources.try_emplace(name, name, history).first->second;
    }

    void apply(const PlayedStep& step) {
        if (!step.object) {
            cluster_->scrapes[step.resource] = step.scrape;
            return;
        }
        auto& into = resource(step.resource);
        into.learnType(*step.object);
        if (step.type == RecordedResource::Type::Deleted)
            into.remove(step.object, ++cluster_->version);
        else
            into.put(step.object, ++cluster_->version);
    }

    void rewind() {
        for (auto& [name, resource] : cluster_->resources) resource.rewind([this] { return ++cluster_->version; });
        cluster_->changed.notify();
    }

    LoopClock& clock_;
    Playlist playlist_;
    RecordingServerOptions options_;
    std::shared_ptr<RecordedCluster> cluster_;
    net::HttpServer http_;
};

}  // namespace

Result<std::unique_ptr<RecordingServer>> RecordingServer::load(Loop& loop, LoopClock& clock, RecordingReader reader,
                                                               RecordingServerOptions options) {
    if (!(options.speed >= slowest))
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("speed must be at least {}, not {}", slowest, options.speed));
    auto playlist = readPlaylist(reader, options.cluster);
    if (!playlist) return fail(playlist.error());
    return std::make_unique<Server>(loop, clock, std::move(*playlist), std::move(options));
}

}  // namespace klaw::recording
