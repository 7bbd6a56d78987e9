#include "notifiers/feishu/long_connection.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/async/caught.hpp"
#include "base/digest.hpp"
#include "notifiers/feishu/bot_info.hpp"
#include "notifiers/feishu/events.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::json;

constexpr Duration kHeardWithin = 10s;
constexpr Duration kGoodbye = 2s;
constexpr Duration kHealthyAfter = 60s;
constexpr Duration kShortestPause = 1s, kLongestPause = 60s;
constexpr auto kHandled = R"({"code":200})";

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

std::size_t numberOf(std::string_view text, std::size_t otherwise) {
    std::size_t number = 0;
    auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return text.empty() || read.ec != std::errc() ? otherwise : number;
}

Frame pingFrame(std::int32_t service) {
    Frame frame;
    frame.service = service;
    frame.headers.emplace_back("type", "ping");
    return frame;
}

}  // namespace

LongConnection::LongConnection(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& client,
                               std::shared_ptr<App> app, InboundHandler& handler)
    : loop_(loop),
      clock_(clock),
      random_(random),
      client_(client),
      app_(std::move(app)),
      handler_(handler),
      changed_(loop),
      tasks_(loop, reportFailure) {}

void LongConnection::start() {
    tasks_.spawn("long connection of " + app_->options().name, run());
}

Task<void> LongConnection::stop() {
    auto socket = std::exchange(socket_, nullptr);
    if (socket) co_await socket->close(kGoodbye);
    co_await tasks_.stop();
    connected_ = false;
}

Task<void> LongConnection::run() {
    for (;;) {
        auto began = clock_.now();
        auto ended = co_await caught(connectOnce());
        auto error = ended ? std::move(*ended) : std::move(ended.error());
        if (error.code == ErrorCode::Cancelled) co_return;
        if (auto socket = std::exchange(socket_, nullptr)) socket->abort();
        auto lived = std::exchange(connected_, false) ? clock_.now() - began : Duration{};
        ++round_;
        changed_.notify();
        lastError_ = error.describe();
        spdlog::warn("{}: the long connection is down: {}", app_->options().name, lastError_);
        ++counts_.reconnects[std::string(toString(error.code))];
        co_await clock_.sleepFor(pauseAfter(error, lived));
    }
}

/// Grows with failures in a row, within what the platform wishes.
Duration LongConnection::pauseAfter(const Error& error, Duration lived) {
    if (lived >= kHealthyAfter) failures_ = 0;
    auto spread = [&](Duration wait) {
        return std::chrono::duration_cast<Duration>(wait * (0.8 + 0.4 * random_.fraction()));
    };
    if (error.retry.kind == Retry::Kind::After) return spread(error.retry.after);
    if (lived > Duration{} && failures_++ == 0) {
        auto within = std::min<Duration>(config_.firstReconnectWithin, kLongestPause);
        return kShortestPause + std::chrono::duration_cast<Duration>(within * random_.fraction());
    }
    auto pause = std::clamp<Duration>(config_.reconnectEvery, kShortestPause, 30s);
    for (unsigned i = 1; i < failures_ && pause < kLongestPause; ++i) pause += pause / 2;
    ++failures_;
    return spread(std::min(pause, kLongestPause));
}

/// Until the connection ends, and why.
Task<Error> LongConnection::connectOnce() {
    auto endpoint = co_await askEndpoint(client_, app_->options());
    if (!endpoint) co_return std::move(endpoint.error());
    config_ = endpoint->config;
    if (botId_.empty()) co_await learnBotId();
    net::WebSocketOptions options;
    options.maxMessageBytes = Fragments::maxBytes;
    auto opened = co_await net::WebSocket::open(loop_, endpoint->url, std::move(options));
    if (!opened.socket) {
        auto error = handshakeError(opened.headers, std::move(opened.error));
        error.place = app_->options().name;
        if (error.retry.kind == Retry::Kind::Never) error.retry = Retry::later();
        co_return error;
    }
    socket_ = opened.socket;
    connected_ = true;
    ++counts_.connections;
    lastError_.clear();
    lastHeardOf_ = clock_.now();
    spdlog::info("{}: the long connection stands (device {})", app_->options().name, endpoint->deviceId);
    tasks_.spawn("pings of " + app_->options().name, keepAlive(opened.socket, ++round_, endpoint->serviceId));
    auto error = co_await receiveAll(opened.socket);
    // The end that we made ourselves must not look like the end of this task.
    if (auto silence = std::exchange(silence_, std::nullopt)) co_return std::move(*silence);
    co_return error;
}

/// Without it our mention is told by its kind.
Task<void> LongConnection::learnBotId() {
    auto bot = co_await askBot(app_);
    if (bot) botId_ = bot->id;
}

Task<Error> LongConnection::receiveAll(Socket socket) {
    for (;;) {
        auto message = co_await socket->receive();
        if (!message && message.error().code == ErrorCode::ResourceExhausted) {
            ++counts_.dropped["too long"];
            continue;
        }
        if (!message) co_return std::move(message.error());
        lastHeardOf_ = clock_.now();
        if (message->binary)
            takeSafely(socket, message->data);
        else
            ++counts_.dropped["text frame"];
    }
}

/// One message must not cost the connection.
void LongConnection::takeSafely(const Socket& socket, const std::string& bytes) {
    try {
        take(socket, bytes);
    } catch (const std::exception& failure) {
        ++counts_.dropped["failure"];
        spdlog::error("{}: a frame failed: {}", app_->options().name, failure.what());
    }
}

/// Pings as often as the platform wishes, and gives up a connection on which nothing comes back.
Task<void> LongConnection::keepAlive(Socket socket, std::uint64_t round, std::int32_t service) {
    auto over = [this, round] { return round_ != round; };
    for (;;) {
        auto heard = socket->heard();
        socket->send({true, encodeFrame(pingFrame(service))});
        auto heardOrOver = [this, round, socket, heard] { return round_ != round || socket->heard() != heard; };
        auto due = clock_.now() + std::min(kHeardWithin, config_.pingEvery);
        bool ended = co_await changed_.until(over, clock_, due);
        if (ended) co_return;
        if (!heardOrOver()) {
            ++counts_.dropped["silent connection"];
            silence_ = Error(ErrorCode::DeadlineExceeded, "a ping was not answered", app_->options().name)
                           .withRetry(Retry::later());
            socket->abort();
            co_return;
        }
        ended =
            co_await changed_.until(over, clock_, due + config_.pingEvery - std::min(kHeardWithin, config_.pingEvery));
        if (ended) co_return;
    }
}

void LongConnection::take(const Socket& socket, const std::string& bytes) {
    auto frame = decodeFrame(bytes);
    if (!frame) {
        ++counts_.dropped["malformed frame"];
        return;
    }
    auto kind = std::string(frame->header("type"));
    bool known = kind == "ping" || kind == "pong" || kind == "event" || kind == "card";
    ++counts_.frames[known ? kind : "other"];
    if (frame->method == Frame::control)
        takeControl(*frame);
    else if (frame->method == Frame::data && (kind == "event" || kind == "card"))
        takeData(socket, std::move(*frame));
    else
        ++counts_.dropped["unknown frame"];
}

void LongConnection::takeControl(const Frame& frame) {
    if (frame.header("type") == "pong" && !frame.payload.empty()) config_.apply(frame.payload);
}

void LongConnection::takeData(const Socket& socket, Frame frame) {
    auto since = clock_.now();
    if (frame.header("type") == "card")
        spdlog::warn(
            "{}: presses come in the old form: set the callback subscription to long connection in the "
            "application's console and publish a new version",
            app_->options().name);
    auto whole = fragments_.add(std::string(frame.header("message_id")), numberOf(frame.header("sum"), 1),
                                numberOf(frame.header("seq"), 0), frame.payload, since);
    if (!whole) {
        ++counts_.dropped["bad fragment"];
        return;
    }
    if (!*whole) return;
    auto event = readEvent(**whole, botId_);
    if (!event) {
        ++counts_.dropped["malformed event"];
        return answer(socket, std::move(frame), kHandled, since);
    }
    bool ours = event->appId.empty() || event->appId == app_->options().id;
    if (ours && event->press) {
        tasks_.spawn("press in " + app_->options().name,
                     answerPress(socket, std::move(frame), std::move(*event->press), since));
        return;
    }
    answer(socket, std::move(frame), kHandled, since);
    if (ours && event->message)
        handler_.message(std::move(*event->message));
    else
        ++counts_.dropped[ours ? "unhandled event" : "event of another application"];
}

Task<void> LongConnection::answerPress(Socket socket, Frame frame, InboundPress press, TimePoint since) {
    auto said = co_await handler_.press(std::move(press));
    Json payload{{"code", 200}};
    payload["data"] = base64Encode(pressResponse(said));
    answer(socket, std::move(frame), payload.dump(), since);
}

/// Everything that came is sent back, headers of routing included, with another payload.
void LongConnection::answer(const Socket& socket, Frame frame, std::string payload, TimePoint since) {
    auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - since).count();
    frame.headers.emplace_back("biz_rt", std::to_string(milliseconds));
    frame.payload = std::move(payload);
    socket->send({true, encodeFrame(frame)});
}

}  // namespace klaw::notifiers::feishu
