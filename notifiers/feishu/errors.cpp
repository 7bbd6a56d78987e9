#include "notifiers/feishu/errors.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/http_outcome.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kQuotaSpent = 99991403;  ///< of the month

std::string excerpt(const std::string& text) {
    return truncateUtf8(oneLine(maskSecrets(validUtf8(text.substr(0, 900)))), 300);
}

/// 9499 stands for two things.
bool isMalformed(std::int64_t code, const std::string& msg) {
    std::string lower(msg);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return code == 9499 && lower.find("bad request") != std::string::npos;
}

Answer::Kind kindOf(std::int64_t code, const std::string& msg) {
    switch (code) {
        case 11246:
            return Answer::Kind::BadMention;
        case 230025:
            return Answer::Kind::TooLong;
        case 99991661:
        case 99991663:
        case 99991664:
        case 99991665:
        case 99991666:
        case 99991668:
            return Answer::Kind::BadToken;
        case 230011:
        case 230031:
        case 231003:
            return Answer::Kind::Gone;
        case 230099:
        case 200621:
        case 200800:
        case 11310:
            return Answer::Kind::BadCard;
        default:
            return isMalformed(code, msg) ? Answer::Kind::BadCard : Answer::Kind::Refused;
    }
}

/// The code under either of the names the platform has used; nullopt when the body is not the platform's.
std::optional<std::int64_t> codeIn(const Json& json) {
    if (!json.is_object()) return std::nullopt;
    for (const auto* name : {"code", "StatusCode"})
        if (json.contains(name) && json[name].is_number_integer()) return json[name].get<std::int64_t>();
    return std::nullopt;
}

std::string messageIn(const Json& json) {
    for (const auto* name : {"msg", "StatusMessage"})
        if (json.contains(name) && json[name].is_string()) return json[name].get<std::string>();
    return {};
}

/// Seconds that the gateway asks to wait.
std::optional<Duration> gatewayReset(const net::HttpHeaders& headers) {
    auto value = headers.get("x-ogw-ratelimit-reset");
    if (!value) return std::nullopt;
    std::uint32_t seconds = 0;
    auto parsed = std::from_chars(value->data(), value->data() + value->size(), seconds);
    if (parsed.ec != std::errc()) return std::nullopt;
    return std::min<Duration>(std::chrono::seconds(seconds), 1h);
}

std::optional<Retry> askedWait(const net::HttpResponse& response, TimePoint now) {
    auto wait = gatewayReset(response.headers);
    if (!wait) wait = retryAfter(response.headers, now);
    return wait ? std::optional(Retry::afterAtLeast(*wait)) : std::nullopt;
}

Retry throttleRetry(std::int64_t code, const net::HttpResponse& response, TimePoint now, Random& random) {
    if (code == kQuotaSpent) return Retry::afterAtLeast(1h);
    if (auto wait = askedWait(response, now)) return *wait;
    auto within = [&](double from, double to) {
        return Retry::afterAtLeast(std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(from + (to - from) * random.fraction())));
    };
    if (code == 230020) return within(1.0, 1.5);  // a chat's share of a second
    // 11232 is load that many bots make at full and half hours: come back at different times.
    return within(5.0, code == 11232 ? 35.0 : 7.0);
}

}  // namespace

Error errorOf(std::int64_t code, const std::string& msg, std::string_view channel) {
    auto message = "code " + std::to_string(code) + ": " + excerpt(msg);
    auto error = [&](ErrorCode kind, Retry retry, std::string remedy = {}) {
        return Error(kind, message, std::string(channel), std::move(remedy)).withRetry(retry);
    };
    if (isMalformed(code, msg)) return error(ErrorCode::InvalidArgument, Retry::never(), "please report this");
    switch (code) {
        case 19021:
            return error(ErrorCode::Unauthenticated, Retry::never(),
                         "check this machine's clock (an hour off is refused) and the bot's signing secret");
        case 19001:
            return error(ErrorCode::NotFound, Retry::never(), "the hook address is wrong or the bot was removed");
        case 19022:
            return error(ErrorCode::PermissionDenied, Retry::never(),
                         "add this machine's egress address to the bot's IP list");
        case 19024:
            return error(ErrorCode::PermissionDenied, Retry::never(),
                         "set `keywords` of this channel to one that the bot's security settings list");
        case 10003:  // no application has this id
        case 10014:  // its secret is another
        case 99991661:
        case 99991663:
        case 99991664:
        case 99991665:
        case 99991666:
        case 99991668:
            return error(ErrorCode::Unauthenticated, Retry::afterAtLeast(1min),
                         "check the application's id and secret");
        case 99991672:
        case 99991679:
        case 99991680:
        case 99991681:
            return error(ErrorCode::PermissionDenied, Retry::never(),
                         "give the application the scope that the message names and publish a new version of it");
        case 230002:
            return error(ErrorCode::PermissionDenied, Retry::never(), "add the application's bot to the group");
        case 230006:
            return error(ErrorCode::PermissionDenied, Retry::never(),
                         "switch the bot ability of the application on and publish a new version of it");
        case 230013:
            return error(ErrorCode::PermissionDenied, Retry::never(),
                         "put the person into the application's availability range");
        case 40004:  // of a department
        case 41050:
            return error(ErrorCode::NotFound, Retry::never(),
                         "put the person into the contact range of the application's permissions");
        case 230001:
            return error(ErrorCode::InvalidArgument, Retry::never(),
                         "check the ids of the chat and of the people in the configuration");
        case 230011:
        case 230031:
        case 231003:
            return error(ErrorCode::NotFound, Retry::never());
        case 230020:
        case 9499:
        case 11232:
        case 11020:
        case 11021:
        case 99991400:
        case 99991402:
            return error(ErrorCode::ResourceExhausted, Retry::afterAtLeast(5s));
        case kQuotaSpent:
            return error(ErrorCode::ResourceExhausted, Retry::afterAtLeast(1h),
                         "the tenant's monthly quota is used up: raise it or use another channel");
        case 11246:
            return error(ErrorCode::InvalidArgument, Retry::never(), "check the ids of the people to mention");
        case 230025:
            return error(ErrorCode::InvalidArgument, Retry::never(), "lower `maxBytes` of this channel");
        case 230022:
            return error(ErrorCode::InvalidArgument, Retry::never(), "the platform's censor refused the text");
        case 230099:
        case 200621:
        case 200800:
        case 11310:
            return error(ErrorCode::InvalidArgument, Retry::never(), "please report this: the card was refused");
        default:
            return error(ErrorCode::Unsupported, Retry::later(), "a code Klaw does not know");
    }
}

Answer readAnswer(const net::HttpResponse& response, std::string_view channel, TimePoint now, Random& random) {
    auto json = Json::parse(response.body, nullptr, false);
    if (auto code = codeIn(json)) {
        if (*code == 0) return {Answer::Kind::Taken, {}, response.body};
        auto msg = messageIn(json);
        auto error = errorOf(*code, msg, channel);
        if (response.status == 429) error.code = ErrorCode::ResourceExhausted;
        if (error.code == ErrorCode::ResourceExhausted) error.retry = throttleRetry(*code, response, now, random);
        bool busy = response.status == 503 && error.code != ErrorCode::ResourceExhausted;
        if (auto asked = busy ? askedWait(response, now) : std::nullopt) error.retry = *asked;
        return {kindOf(*code, msg), std::move(error), {}};
    }
    if (response.status < 200 || response.status >= 300)
        return {Answer::Kind::Refused, statusError(response, channel, now), {}};
    // A proxy or a captive portal: nobody said that the bot took it.
    Error strange(ErrorCode::Unavailable, "an answer that is not the platform's: " + excerpt(response.body),
                  std::string(channel), "check the URL and the proxy");
    return {Answer::Kind::Refused, std::move(strange).withRetry(Retry::later()), {}};
}

}  // namespace klaw::notifiers::feishu
