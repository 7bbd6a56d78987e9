#include "test/fakes/fake_platform.hpp"

#include <nlohmann/json.hpp>

namespace klaw::fakes {
namespace {

using Json = nlohmann::json;
using net::ServerRequest;
using net::ServerResponse;

net::HttpServerOptions serverOptions(const FakePlatformOptions& options) {
    net::HttpServerOptions server;
    server.address = options.address;
    server.port = options.port;
    server.maxConnections = options.maxConnections;
    return server;
}

/// Closes the connection without a byte of an answer.
ServerResponse cut() {
    ServerResponse response;
    response.status = 0;
    return response;
}

std::optional<Fault> faultFrom(const Json& json, Platform platform) {
    auto kind = json.value("kind", "");
    if (kind == "answer")
        return Fault::answer(json.value("status", 500), json.value("body", ""), json.value("retryAfter", ""));
    if (kind == "code") return Fault::code(platform, json.value("code", -1), json.value("message", "injected"));
    if (kind == "delay") return Fault::delayed(std::chrono::milliseconds(json.value("ms", 0)));
    if (kind == "cut-before") return Fault::of(Fault::Kind::CutBeforeTaking);
    if (kind == "cut-after") return Fault::of(Fault::Kind::CutAfterTaking);
    if (kind == "hang-before") return Fault::of(Fault::Kind::HangBeforeTaking);
    if (kind == "hang-after") return Fault::of(Fault::Kind::HangAfterTaking);
    return std::nullopt;
}

}  // namespace

Fault Fault::answer(int status, std::string body, std::string retryAfter) {
    Fault fault;
    fault.status = status;
    fault.body = std::move(body);
    fault.retryAfter = std::move(retryAfter);
    return fault;
}

Fault Fault::code(Platform platform, int code, const std::string& message) {
    bool ding = platform == Platform::DingTalk;
    Json body{{ding ? "errcode" : "code", code}, {ding ? "errmsg" : "msg", message}};
    return answer(200, body.dump());
}

Fault Fault::of(Kind kind) {
    Fault fault;
    fault.kind = kind;
    return fault;
}

Fault Fault::delayed(Duration by) {
    auto fault = of(Kind::Delay);
    fault.delay = by;
    return fault;
}

FakePlatform::FakePlatform(Loop& loop, LoopClock& clock, FakePlatformOptions options)
    : clock_(clock),
      options_(std::move(options)),
      rules_(makeRules(options_.rules)),
      released_(loop),
      server_(loop, serverOptions(options_), [this](ServerRequest request) { return handle(std::move(request)); }) {}

FakePlatform::~FakePlatform() = default;

Result<void> FakePlatform::listen() {
    auto port = server_.listen();
    if (!port) return klaw::fail(std::move(port.error()));
    port_ = *port;
    return {};
}

std::string FakePlatform::url() const {
    return "http://" + options_.address + ":" + std::to_string(port_) + rules_->target();
}

void FakePlatform::failNext(Fault fault, unsigned times) {
    for (unsigned i = 0; i < times; ++i) faults_.push_back(fault);
}

void FakePlatform::release() {
    faults_.clear();
    ++releases_;
    released_.notify();
}

Task<void> FakePlatform::stop() {
    release();
    Duration grace{};
    co_await server_.stop(grace);
}

Task<ServerResponse> FakePlatform::handle(ServerRequest request) {
    if (request.path().starts_with("/_fake/")) co_return control(request);
    ++requests_;
    if (faults_.empty()) co_return takeUp(request);
    auto fault = std::move(faults_.front());
    faults_.pop_front();
    auto response = co_await fail(std::move(fault), std::move(request));
    co_return response;
}

Task<ServerResponse> FakePlatform::fail(Fault fault, ServerRequest request) {
    switch (fault.kind) {
        case Fault::Kind::Delay:
            co_await clock_.sleepFor(fault.delay);
            co_return takeUp(request);
        case Fault::Kind::CutAfterTaking:
            takeUp(request);
            co_return cut();
        case Fault::Kind::CutBeforeTaking:
            co_return cut();
        case Fault::Kind::HangAfterTaking:
            takeUp(request);
            co_await untilReleased();
            co_return cut();
        case Fault::Kind::HangBeforeTaking:
            co_await untilReleased();
            co_return cut();
        case Fault::Kind::Answer:
            break;
    }
    ++refused_;
    auto response = ServerResponse::json(fault.status, fault.body);
    if (!fault.retryAfter.empty()) response.headers.add("Retry-After", fault.retryAfter);
    co_return response;
}

Task<void> FakePlatform::untilReleased() {
    std::function<bool()> released = [this, before = releases_] { return releases_ != before; };
    co_await released_.until(std::move(released));
}

ServerResponse FakePlatform::takeUp(const ServerRequest& request) {
    auto now = clock_.now();
    auto verdict = rules_->judge(request, now);
    if (!verdict.taken) {
        ++refused_;
    } else if (verdict.repeat) {
        ++repeats_;
    } else {
        ++taken_;
        ReceivedMessage message{now, verdict.key, request.target, request.headers, request.body};
        if (onMessage) onMessage(message);
        if (options_.keepMessages) messages_.push_back(std::move(message));
    }
    return std::move(verdict.answer);
}

ServerResponse FakePlatform::control(const ServerRequest& request) {
    if (request.path() == "/_fake/stats") {
        Json stats{{"requests", requests_}, {"taken", taken_}, {"repeats", repeats_}, {"refused", refused_}};
        return ServerResponse::json(200, stats.dump());
    }
    auto json = Json::parse(request.body, nullptr, false);
    if (request.path() != "/_fake/fault" || !json.is_object()) return ServerResponse::text(404, "unknown");
    if (json.value("kind", "") == "clear") {
        release();
        return ServerResponse::json(200, "{}");
    }
    auto fault = faultFrom(json, options_.rules.platform);
    if (!fault) return ServerResponse::text(400, "unknown kind");
    failNext(std::move(*fault), json.value("times", 1u));
    return ServerResponse::json(200, "{}");
}

}  // namespace klaw::fakes
