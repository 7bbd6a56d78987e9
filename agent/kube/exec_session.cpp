#include "agent/kube/exec_session.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/net/expiry.hpp"
#include "base/text/utf8.hpp"

namespace klaw::kube {
namespace {

using Json = nlohmann::json;

enum Channel : char { StandardOutput = 1, StandardError = 2, Status = 3 };

constexpr std::size_t mostOutput = 64u << 10, mostStatus = 64u << 10, longestReason = 1000;
/// Whoever has told the end closes the connection as well; what is on its way before that is still read.
constexpr Duration waitForTheEnd = 1s;

/// Of the Status that a command ends with: "ExitCode" among its causes.
std::optional<int> exitCodeIn(const Json& status) {
    if (status.value("reason", "") != "NonZeroExitCode" || !status.contains("details")) return std::nullopt;
    const auto& details = status["details"];
    if (!details.is_object() || !details.contains("causes") || !details["causes"].is_array()) return std::nullopt;
    for (const auto& cause : details["causes"]) {
        if (!cause.is_object() || cause.value("reason", "") != "ExitCode") continue;
        auto text = cause.value("message", "");
        int code = 0;
        auto read = std::from_chars(text.data(), text.data() + text.size(), code);
        if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return code;
    }
    return std::nullopt;
}

/// One line that is not empty.
std::string textOf(std::string message) {
    auto isControl = [](unsigned char c) { return c < ' ' || c == 0x7f; };
    std::ranges::replace_if(message, isControl, ' ');
    return message.empty() ? "no reason is given" : truncateUtf8(message, longestReason);
}

/// What has been heard so far.
class Heard {
public:
    bool ended() const { return !status_.empty(); }

    void take(const std::string& message) {
        if (message.empty()) return;
        auto text = std::string_view(message).substr(1);
        if (message.front() == StandardOutput || message.front() == StandardError)
            add(text, mostOutput, outcome_.output);
        if (message.front() == Status) add(text, mostStatus, status_);
    }
    void takeTooLong() { outcome_.cut = true; }

    ExecOutcome unfinished(std::string broken = {}) {
        outcome_.broken = std::move(broken);
        return std::move(outcome_);
    }

    Result<ExecOutcome> finished() {
        auto status = Json::parse(status_, nullptr, false);
        try {
            if (!status.is_object()) return unfinished("its end is no Status");
            if (status.value("status", "") == "Success")
                outcome_.exitCode = 0;
            else
                outcome_.exitCode = exitCodeIn(status);
            if (outcome_.exitCode) return std::move(outcome_);
            auto message = textOf(status.value("message", ""));
            auto reason = status.value("reason", "");
            // A container runtime says the same of what it could not start and of what broke off.
            bool mayHaveRun = reason.empty() || reason == "InternalError" || reason == "NonZeroExitCode";
            if (mayHaveRun || !outcome_.output.empty()) return unfinished(std::move(message));
            return fail(ErrorCode::Internal, "the command could not be run: " + message);
        } catch (const Json::exception&) {  // a member of another type than a Status has
            return unfinished("its end is no Status");
        }
    }

private:
    void add(std::string_view text, std::size_t most, std::string& to) {
        auto room = most - std::min(most, to.size());
        to += text.substr(0, room);
        if (text.size() > room) outcome_.cut = true;
    }

    ExecOutcome outcome_;
    std::string status_;
};

}  // namespace

bool isExecProtocol(std::string_view protocol) {
    return protocol == "v5.channel.k8s.io" || protocol == "v4.channel.k8s.io";
}

Task<Result<ExecOutcome>> listenToCommand(Loop& loop, std::shared_ptr<net::WebSocket> socket, Duration within) {
    struct Hangup {
        explicit Hangup(std::shared_ptr<net::WebSocket> of) : socket(std::move(of)) {}
        ~Hangup() { socket->abort(); }
        Hangup(const Hangup&) = delete;
        Hangup& operator=(const Hangup&) = delete;
        std::shared_ptr<net::WebSocket> socket;
    };
    Hangup hangup(socket);
    net::Expiry expiry(loop.executor());
    expiry.arm(within);
    expiry.setAction([weak = std::weak_ptr(socket)] {
        if (auto alive = weak.lock()) alive->abort();
    });
    Heard heard;
    for (;;) {
        auto message = co_await socket->receive();
        if (!message && message.error().code == ErrorCode::ResourceExhausted) {
            heard.takeTooLong();
            continue;
        }
        if (!message && heard.ended()) co_return heard.finished();
        if (!message && expiry.passed()) co_return heard.unfinished();
        if (!message)
            co_return heard.unfinished("the connection ended before the command did: " + message.error().message);
        bool wasEnded = heard.ended();
        heard.take(message->data);
        if (heard.ended() && !wasEnded) expiry.arm(std::min(expiry.left(), waitForTheEnd));
    }
}

}  // namespace klaw::kube
