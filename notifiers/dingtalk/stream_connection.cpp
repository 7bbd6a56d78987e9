#include "notifiers/dingtalk/stream_connection.hpp"

#include <spdlog/spdlog.h>

#include "base/async/caught.hpp"
#include "notifiers/dingtalk/press_answer.hpp"
#include "notifiers/dingtalk/registration.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

constexpr Duration kOpenTimeout = 10s;
constexpr Duration kPingEvery = 20s, kPongWithin = 5s;
constexpr Duration kSilentAfter = 90s;  ///< the platform sends something every 20 to 30 s
constexpr Duration kRenewAfter = 5h + 30min;
constexpr Duration kFarewell = 15s;
constexpr Duration kGoodbye = 2s;
constexpr std::size_t kLongestFrame = 1024 * 1024;
constexpr auto kStranger = "identity of another organisation";

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

net::Backoff::Limits backoffLimits() {
    net::Backoff::Limits limits;
    limits.first = 1s;
    limits.longest = 60s;
    limits.healthyAfter = 60s;
    return limits;
}

}  // namespace

StreamConnection::StreamConnection(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& client,
                                   std::shared_ptr<App> app, InboundHandler& handler)
    : loop_(loop),
      clock_(clock),
      random_(random),
      client_(client),
      app_(std::move(app)),
      handler_(handler),
      templates_(app_->options().cardTemplate),
      backoff_(random, backoffLimits()),
      changed_(loop),
      tasks_(loop, reportFailure) {}

void StreamConnection::start() {
    tasks_.spawn("stream of " + app_->options().name, run());
}

Task<void> StreamConnection::stop() {
    auto line = std::exchange(current_, nullptr);
    if (line) co_await line->socket->close(kGoodbye);
    co_await tasks_.stop();
    connected_ = false;
}

Task<void> StreamConnection::run() {
    for (;;) {
        auto opened = co_await caught(open());
        if (!opened) {
            if (opened.error().code == ErrorCode::Cancelled) co_return;
            connected_ = false;
            failed(opened.error(), Duration{});
            auto pause = std::max(backoff_.next(), opened.error().retry.after);
            co_await clock_.sleepFor(pause);
            continue;
        }
        auto line = std::exchange(current_, *opened);
        connected_ = true;
        lastError_.clear();
        if (line) tasks_.spawn("old stream of " + app_->options().name, farewell(std::move(line)));
        auto now = current_;
        auto over = [now] { return now->ended || now->retiring; };
        co_await changed_.until(over);
        if (current_ != now) co_return;  // it is being stopped
        if (current_->retiring && !current_->ended) continue;
        connected_ = false;
        auto ended = std::exchange(current_, nullptr);
        failed(ended->error, clock_.now() - ended->since);
        auto pause = backoff_.next();
        co_await clock_.sleepFor(pause);
    }
}

void StreamConnection::failed(const Error& error, Duration lived) {
    if (lived > Duration{}) backoff_.lived(lived);
    lastError_ = error.describe();
    ++counts_.reconnects[std::string(toString(error.code))];
    spdlog::warn("{}: the stream is down: {}", app_->options().name, lastError_);
}

Task<Result<StreamConnection::LinePtr>> StreamConnection::open() {
    auto url = co_await registerStream(client_, clock_.now(), app_->options());
    if (!url) co_return fail(std::move(url.error()));
    net::WebSocketOptions options;
    options.openTimeout = kOpenTimeout;
    options.maxMessageBytes = kLongestFrame;
    auto opened = co_await net::WebSocket::open(loop_, *url, std::move(options));
    if (!opened.socket) {
        opened.error.place = app_->options().name;
        co_return fail(std::move(opened.error));
    }
    auto line = std::make_shared<Line>();
    line->socket = opened.socket;
    line->since = line->lastText = clock_.now();
    lastHeardOf_ = clock_.now();
    ++counts_.connections;
    spdlog::info("{}: the stream stands", app_->options().name);
    tasks_.spawn("receiver of " + app_->options().name, receiveAll(line));
    tasks_.spawn("watch of " + app_->options().name, watch(line));
    co_return line;
}

Task<void> StreamConnection::receiveAll(LinePtr line) {
    for (;;) {
        auto message = co_await line->socket->receive();
        if (!message && message.error().code == ErrorCode::ResourceExhausted) {
            ++counts_.dropped["too long"];
            continue;
        }
        if (!message) {
            line->error = std::move(message.error());
            break;
        }
        lastHeardOf_ = clock_.now();
        if (message->binary)
            ++counts_.dropped["binary frame"];
        else
            takeSafely(line, message->data);
    }
    line->ended = true;
    line->socket->abort();
    changed_.notify();
}

/// Pings, notices a dead or silent peer, and renews what has stood for hours.
Task<void> StreamConnection::watch(LinePtr line) {
    auto ended = [line] { return line->ended; };
    auto renewAfter = std::chrono::duration_cast<Duration>(kRenewAfter * (0.9 + 0.2 * random_.fraction()));
    for (;;) {
        auto heard = line->socket->heard();
        line->socket->ping();
        bool over = co_await changed_.until(ended, clock_, clock_.now() + kPongWithin);
        if (over) co_return;
        if (line->socket->heard() == heard) {
            line->error = Error(ErrorCode::DeadlineExceeded, "a ping was not answered", app_->options().name);
            ++counts_.dropped["silent connection"];
            line->socket->abort();
            co_return;
        }
        auto now = clock_.now();
        if (now - line->lastText > kSilentAfter) retire(line, "silent");
        if (now - line->since > renewAfter) retire(line, "renewed");
        over = co_await changed_.until(ended, clock_, now + kPingEvery - kPongWithin);
        if (over) co_return;
    }
}

/// What still comes over the old connection is answered there until it closes.
Task<void> StreamConnection::farewell(LinePtr line) {
    auto ended = [line] { return line->ended; };
    bool closed = co_await changed_.until(ended, clock_, clock_.now() + kFarewell);
    if (!closed) co_await line->socket->close(kGoodbye);
}

void StreamConnection::retire(const LinePtr& line, const char* reason) {
    if (std::exchange(line->retiring, true)) return;
    ++counts_.reconnects[reason];
    changed_.notify();
}

/// One message must not cost the connection.
void StreamConnection::takeSafely(const LinePtr& line, const std::string& text) {
    try {
        take(line, text);
    } catch (const std::exception& failure) {
        ++counts_.dropped["failure"];
        spdlog::error("{}: a frame failed: {}", app_->options().name, failure.what());
    }
}

void StreamConnection::take(const LinePtr& line, const std::string& text) {
    line->lastText = clock_.now();
    auto frame = readStreamFrame(text);
    if (!frame) {
        ++counts_.dropped["malformed frame"];
        return;
    }
    bool known = frame->type == "SYSTEM" || frame->type == "EVENT" || frame->type == "CALLBACK";
    ++counts_.frames[known ? frame->type : "other"];
    if (frame->type == "SYSTEM") return takeSystem(line, *frame);
    if (frame->type == "CALLBACK") return takeCallback(line, std::move(*frame));
    if (frame->type == "EVENT")
        answer(line, *frame, 200, R"({"status":"SUCCESS","message":"ok"})");
    else
        answer(line, *frame, 404, "");
    ++counts_.dropped["unhandled event"];
}

void StreamConnection::takeSystem(const LinePtr& line, const StreamFrame& frame) {
    if (frame.topic == "ping") answer(line, frame, 200, frame.data);
    if (frame.topic == "disconnect") retire(line, "asked to");
}

void StreamConnection::takeCallback(const LinePtr& line, StreamFrame frame) {
    constexpr auto nothing = R"({"response":{}})";
    if (frame.topic == kChatTopic) {
        answer(line, frame, 200, nothing);
        auto message = readChatMessage(frame.data);
        if (!message) {
            ++counts_.dropped["malformed message"];
            return;
        }
        app_->corporation().learn(message->botOrganisation);
        if (!app_->corporation().vouchFor(message->from)) ++counts_.dropped[kStranger];
        return handler_.message(std::move(*message));
    }
    if (frame.topic != kCardTopic) {
        ++counts_.dropped["unknown topic"];
        return answer(line, frame, 404, "");
    }
    auto press = readCardPress(frame.data);
    if (!press) {
        ++counts_.dropped["malformed press"];
        return answer(line, frame, 200, nothing);
    }
    press->eventId = frame.messageId;
    press->at = clock_.now();
    if (!app_->corporation().vouchForPresser(press->by)) ++counts_.dropped[kStranger];
    tasks_.spawn("press in " + app_->options().name, answerPress(line, std::move(frame), std::move(*press)));
}

Task<void> StreamConnection::answerPress(LinePtr line, StreamFrame frame, InboundPress press) {
    const auto& made = templates_.of(press.cardRef);
    auto said = co_await handler_.press(std::move(press));
    answer(line, frame, 200, answerToPress(made, std::move(said), pressResponse));
}

void StreamConnection::answer(const LinePtr& line, const StreamFrame& frame, int code, std::string_view data) {
    line->socket->send({false, streamAnswer(frame, code, data)});
}

}  // namespace klaw::notifiers::dingtalk
