#include "notifiers/dingtalk/robot.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "notifiers/account.hpp"
#include "notifiers/dingtalk/render.hpp"
#include "notifiers/dingtalk/sign.hpp"
#include "notifiers/fit.hpp"
#include "notifiers/http_outcome.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

constexpr Duration kLongestBlock = 10min;

std::string messageUuid(const std::string& key) {
    return key.size() <= 64 ? key : sha256Hex(key).substr(0, 32);
}

FittedBody messageFor(const SafeCard& card, const MessageFrame& frame, std::size_t maxBytes) {
    return fitBody(card, maxBytes, {}, [&](const SafeCard& fitted, const std::vector<Notice>& notices) {
        return renderMessage(fitted, notices, frame);
    });
}

}  // namespace

Robot::Robot(net::HttpClient& client, const Clock& clock, RobotOptions options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

NotifierLimits Robot::limits() const {
    NotifierLimits limits;
    limits.budgets = {{18, 60s}};
    limits.account = options_.account;
    limits.maxBytes = options_.maxBytes;
    limits.hasIdempotencyKey = true;
    return limits;
}

Task<Result<Receipt>> Robot::send(Card card, SendContext context) {
    SafeCard safe(std::move(card));
    MessageFrame frame{messageUuid(context.idempotencyKey), std::move(context.mentions), options_.keywords};
    auto message = messageFor(safe, frame, options_.maxBytes);
    auto answer = co_await post(message.body);
    if (answer && answer->kind == Answer::Kind::TooLong) {
        message = messageFor(safe, frame, message.body.size() * 2 / 3);
        answer = co_await post(message.body);
    }
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->kind == Answer::Kind::Throttled) co_return fail(throttled(std::move(answer->error)));
    blocksInARow_ = 0;
    if (answer->kind != Answer::Kind::Taken) co_return fail(std::move(answer->error));
    co_return Receipt(frame.msgUuid, message.shortened ? "shortened" : "");
}

Task<Result<Answer>> Robot::post(std::string body) {
    net::HttpRequest request("POST", signedUrl(options_.url, options_.secret, clock_.now()));
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    request.headers.add("Accept", "application/json");
    request.body = std::move(body);
    if (options_.account) options_.account->count();
    auto response = co_await client_.send(std::move(request), options_.timeout);
    if (!response) co_return fail(sendError(std::move(response.error()), options_.name));
    response->body = withoutOwnSecrets(std::move(response->body), options_.url, options_.secret);
    co_return readAnswer(*response, options_.name, clock_.now());
}

Error Robot::throttled(Error error) {
    auto now = clock_.now();
    if (now >= pausedUntil_) ++blocksInARow_;  // a refusal during the pause is the same block
    auto doubled = error.retry.after * (1 << std::min(blocksInARow_ - 1, 10u));
    error.retry.after = std::max(error.retry.after, std::min<Duration>(doubled, kLongestBlock));
    pausedUntil_ = now + error.retry.after;
    return error;
}

}  // namespace klaw::notifiers::dingtalk
