#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/net/http_server.hpp"
#include "test/fakes/platform_rules.hpp"

namespace klaw::fakes {

/// A message that people would see.
struct ReceivedMessage {
    TimePoint at{};
    std::string key;  ///< msgUuid or Idempotency-Key; empty where the platform has none
    std::string target;
    net::HttpHeaders headers;
    std::string body;
};

/// How the next request goes wrong.
struct Fault {
    enum class Kind {
        Delay,             ///< is answered after `delay` of the clock, as usual otherwise
        Answer,            ///< `status`, `body` and Retry-After in place of the usual; not taken
        CutBeforeTaking,   ///< the connection is closed, the message was not taken
        CutAfterTaking,    ///< the message was taken, the connection is closed without an answer
        HangBeforeTaking,  ///< no answer until release(), the message is never taken
        HangAfterTaking,   ///< the message was taken, no answer until release()
    };
    Kind kind = Kind::Answer;
    int status = 500;
    std::string body;
    std::string retryAfter;  ///< of Answer; empty: no header
    Duration delay{};

    static Fault answer(int status, std::string body = {}, std::string retryAfter = {});
    /// HTTP 200 with an error code of the platform in the body.
    static Fault code(Platform platform, int code, const std::string& message = "injected");
    static Fault of(Kind kind);
    static Fault delayed(Duration by);
};

struct FakePlatformOptions {
    PlatformOptions rules;
    std::uint16_t port = 0;
    std::string address = "127.0.0.1";
    bool keepMessages = true;  ///< off for long runs that look at onMessage only
    std::size_t maxConnections = 256;
};

/// A chat platform's webhook on the loopback that checks what the real one checks, on the loop thread. Faults can also
/// be set over HTTP: POST /_fake/fault {"kind":"answer","status":429,"retryAfter":"7","times":3}, kinds "answer",
/// "code" (with "code"), "delay" (with "ms"), "cut-before", "cut-after", "hang-before", "hang-after", "clear" (which
/// also releases); GET /_fake/stats gives the counters.
class FakePlatform {
public:
    FakePlatform(Loop& loop, LoopClock& clock, FakePlatformOptions options);
    ~FakePlatform();

    Result<void> listen();
    /// For the sender: complete with path and token.
    std::string url() const;

    /// The next `times` requests, after those already planned.
    void failNext(Fault fault, unsigned times = 1);
    /// Ends all hanging requests and drops planned faults.
    void release();

    const std::vector<ReceivedMessage>& messages() const { return messages_; }
    std::size_t taken() const { return taken_; }        ///< messages people see
    std::size_t requests() const { return requests_; }  ///< everything that came in
    std::size_t repeats() const { return repeats_; }    ///< dropped by their key
    std::size_t refused() const { return refused_; }

    /// Hears of every message that people see, at the moment it is taken.
    std::function<void(const ReceivedMessage&)> onMessage;

    Task<void> stop();

private:
    Task<net::ServerResponse> handle(net::ServerRequest request);
    Task<net::ServerResponse> fail(Fault fault, net::ServerRequest request);
    Task<void> untilReleased();
    net::ServerResponse takeUp(const net::ServerRequest& request);
    net::ServerResponse control(const net::ServerRequest& request);

    LoopClock& clock_;
    FakePlatformOptions options_;
    std::unique_ptr<PlatformRules> rules_;
    LoopCondition released_;
    net::HttpServer server_;
    std::uint16_t port_ = 0;
    std::deque<Fault> faults_;
    std::uint64_t releases_ = 0;
    std::vector<ReceivedMessage> messages_;
    std::size_t taken_ = 0;
    std::size_t requests_ = 0;
    std::size_t repeats_ = 0;
    std::size_t refused_ = 0;
};

}  // namespace klaw::fakes
