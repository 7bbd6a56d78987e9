#include "notifiers/dingtalk/errors.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/http_outcome.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::json;

/// An address that sends too much is refused for five minutes by the gateway in front of the API.
constexpr Duration kBan = 5min;
/// A month's quota does not come back soon, but somebody may raise it.
constexpr Duration kQuotaPause = 1h;
constexpr auto kQuotaRemedy = "the organisation's monthly quota is used up: raise it or use another channel";

bool mentionsAny(const std::string& text, std::initializer_list<const char*> words) {
    for (const auto* word : words)
        if (text.find(word) != std::string::npos) return true;
    return false;
}

std::string securityRemedy(const std::string& errmsg) {
    if (mentionsAny(errmsg, {"keyword", "关键词"}))
        return "set `keywords` of this channel to one that the robot's security settings list";
    if (mentionsAny(errmsg, {"timestamp", "时间戳", "过期"}))
        return "set this machine's clock: it differs from the platform's by more than an hour";
    if (mentionsAny(errmsg, {"sign", "签名"}))
        return "check `secret` (SEC…) of this channel against the robot's security settings, and this machine's clock";
    if (mentionsAny(errmsg, {"ip", "IP"})) return "add this machine's egress address to the robot's IP list";
    return "compare secret, keywords and IP list with the robot's security settings";
}

std::string excerpt(const std::string& text) {
    return truncateUtf8(oneLine(maskSecrets(validUtf8(text.substr(0, 900)))), 300);
}

/// The gateway's answer to a banned address: {"status":1111,"wait":5,"punish":"deny",…}.
bool isBan(const Json& json) {
    return json.contains("punish") || (json.contains("status") && json.contains("wait"));
}

std::string textIn(const Json& json, const char* name, const char* otherName) {
    for (const auto* each : {name, otherName})
        if (json.contains(each) && json[each].is_string()) return json[each].get<std::string>();
    return {};
}

Answer::Kind kindOf(std::int64_t errcode, const Error& error) {
    if (errcode == 460101 || errcode == 101002) return Answer::Kind::TooLong;
    if (errcode == 40014 || errcode == 42001) return Answer::Kind::BadToken;
    return error.code == ErrorCode::ResourceExhausted ? Answer::Kind::Throttled : Answer::Kind::Refused;
}

/// What the status says of waiting holds whatever the code is.
Error heldBack(Error error, const net::HttpResponse& response, TimePoint now) {
    bool tooMany = response.status == 429;
    if (!tooMany && response.status != 503) return error;
    if (tooMany) error.code = ErrorCode::ResourceExhausted;
    if (error.retry.kind == Retry::Kind::Never) error.retry = Retry::later();
    auto wait = retryAfter(response.headers, now);
    if (wait && *wait > error.retry.after) error.retry = Retry::afterAtLeast(*wait);
    return error;
}

}  // namespace

Error errorOf(std::int64_t errcode, const std::string& errmsg, std::string_view channel) {
    auto message = "errcode " + std::to_string(errcode) + ": " + excerpt(errmsg);
    auto error = [&](ErrorCode code, Retry retry, std::string remedy = {}) {
        return Error(code, message, std::string(channel), std::move(remedy)).withRetry(retry);
    };
    switch (errcode) {
        case 310000:
            return error(ErrorCode::PermissionDenied, Retry::never(), securityRemedy(errmsg));
        case 130101:
        case 90030:
        case 410100:
            return error(ErrorCode::ResourceExhausted, Retry::afterAtLeast(60s),
                         "the robot takes 20 messages a minute: is the same robot used elsewhere?");
        case 90002:
        case 90018:
        case 90019:
            return error(ErrorCode::ResourceExhausted, Retry::afterAtLeast(10s));
        case 90020:
            return error(ErrorCode::ResourceExhausted, Retry::afterAtLeast(kQuotaPause), kQuotaRemedy);
        case 460101:
        case 101002:
            return error(ErrorCode::InvalidArgument, Retry::never(), "lower `maxBytes` of this channel");
        case 300001:
        case 300005:
        case 400013:
        case 400101:
        case 400102:
            return error(ErrorCode::NotFound, Retry::never(),
                         "the robot is gone, stopped or its access_token is wrong: copy the webhook address again");
        case 40035:
        case 43004:
            return error(ErrorCode::InvalidArgument, Retry::never(), "please report this: the message was malformed");
        case 40014:
        case 42001:
            return error(ErrorCode::Unauthenticated, Retry::afterAtLeast(1min),
                         "check the application's Client ID and Client Secret");
        case 60121:
        case 33012:
            return error(ErrorCode::NotFound, Retry::never(), "the organisation has nobody of that id");
        case 60003:
            return error(ErrorCode::NotFound, Retry::never(), "the organisation has no department of that id");
        case 60011:
        case 43007:
            return error(ErrorCode::PermissionDenied, Retry::never(),
                         "give the application the permissions to read members (qyapi_get_member) and, where `access` "
                         "names departments, these (qyapi_get_department_list)");
        case -1:
        case 15:
        case 88:
            return error(ErrorCode::Unavailable, Retry::later());
        default:
            return error(ErrorCode::Unsupported, Retry::later(), "an errcode Klaw does not know");
    }
}

Answer readAnswer(const net::HttpResponse& response, std::string_view channel, TimePoint now) {
    auto json = Json::parse(response.body, nullptr, false);
    bool coded = json.is_object() && json.contains("errcode") && json["errcode"].is_number_integer();
    if (coded) {
        auto code = json["errcode"].get<std::int64_t>();
        if (code == 88 && textIn(json, "sub_code", "subCode") == "60011") code = 60011;
        if (code == 0) return {Answer::Kind::Taken, {}, response.body};
        auto text = json.contains("errmsg") && json["errmsg"].is_string() ? json["errmsg"].get<std::string>() : "";
        auto error = heldBack(errorOf(code, text, channel), response, now);
        return {kindOf(code, error), std::move(error), {}};
    }
    if (json.is_object() && isBan(json)) {
        Error ban(ErrorCode::ResourceExhausted,
                  "the platform refuses this machine's address: " + excerpt(response.body), std::string(channel),
                  "too many calls leave from this address");
        return {Answer::Kind::Throttled, std::move(ban).withRetry(Retry::afterAtLeast(kBan)), {}};
    }
    if (response.status >= 200 && response.status < 300) {
        // A proxy or a captive portal: nobody said that the robot took it.
        Error strange(ErrorCode::Unavailable, "an answer that is not the platform's: " + excerpt(response.body),
                      std::string(channel), "check the URL and the proxy");
        return {Answer::Kind::Refused, std::move(strange).withRetry(Retry::later()), {}};
    }
    auto error = statusError(response, channel, now);
    bool throttled = error.code == ErrorCode::ResourceExhausted;
    return {throttled ? Answer::Kind::Throttled : Answer::Kind::Refused, std::move(error), {}};
}

namespace {

std::string scopesIn(const Json& json) {
    std::string scopes;
    if (!json.contains("accessdenieddetail") || !json["accessdenieddetail"].is_object()) return scopes;
    const auto& detail = json["accessdenieddetail"];
    if (detail.contains("requiredScopes") && detail["requiredScopes"].is_array())
        for (const auto& scope : detail["requiredScopes"])
            if (scope.is_string()) scopes += (scopes.empty() ? "" : ", ") + oneLine(scope.get<std::string>());
    return scopes;
}

bool has(std::string_view code, std::string_view part) {
    return code.find(part) != code.npos;
}

bool hasAny(std::string_view code, std::initializer_list<std::string_view> parts) {
    return std::ranges::any_of(parts, [&](std::string_view part) { return has(code, part); });
}

/// What of a request is at fault, by the code.
Answer::Kind faultOf(std::string_view code) {
    if (hasAny(code, {"msgParam", "contentTooLong"})) return Answer::Kind::TooLong;
    if (hasAny(code, {"userIdNotExist", "userNotExist"})) return Answer::Kind::BadMention;
    if (hasAny(code, {"contentUnsafe", "contentCheckError"})) return Answer::Kind::Unsafe;
    if (hasAny(code, {"emplate", "cardPublicData", "dynamicData"})) return Answer::Kind::BadTemplate;
    return Answer::Kind::Refused;
}

Answer refusal(const std::string& code, const std::string& message, const Json& json, int status,
               std::string_view application) {
    auto answer = [&](Answer::Kind kind, ErrorCode error, Retry retry, std::string remedy = {}) {
        Error made(error, code + ": " + excerpt(message), std::string(application), std::move(remedy));
        return Answer{kind, std::move(made).withRetry(retry), {}};
    };
    if (code == "InvalidAuthentication")
        return answer(Answer::Kind::BadToken, ErrorCode::Unauthenticated, Retry::afterAtLeast(1min),
                      "check the application's Client ID and Client Secret");
    if (has(code, "QpsLimit"))
        return answer(Answer::Kind::Throttled, ErrorCode::ResourceExhausted, Retry::afterAtLeast(2s));
    if (has(code, "ApiCountLimit"))
        return answer(Answer::Kind::Throttled, ErrorCode::ResourceExhausted, Retry::afterAtLeast(kQuotaPause),
                      kQuotaRemedy);
    if (has(code, "PermissionDenied"))
        return answer(Answer::Kind::Refused, ErrorCode::PermissionDenied, Retry::never(),
                      "give the application the permission " + scopesIn(json) + " and publish it");
    if (has(code, "IpNotInWhiteList"))
        return answer(Answer::Kind::Refused, ErrorCode::PermissionDenied, Retry::never(),
                      "add this machine's egress address to the application's IP list");
    if (code == "invalid.client" || code == "authFailed")
        return answer(Answer::Kind::Refused, ErrorCode::Unauthenticated, Retry::afterAtLeast(1min),
                      "check the application's Client ID and Client Secret");
    if (status == 429) return answer(Answer::Kind::Throttled, ErrorCode::ResourceExhausted, Retry::later());
    if (status >= 500) return answer(Answer::Kind::Refused, ErrorCode::Unavailable, Retry::later());
    if (auto kind = faultOf(code); kind != Answer::Kind::Refused)
        return answer(kind, ErrorCode::InvalidArgument, Retry::never());
    if (hasAny(code, {"param.", "invalid", "Invalid", "chatbot", "bot.", "cidDecrypt"}))
        return answer(Answer::Kind::Refused, ErrorCode::InvalidArgument, Retry::never(),
                      "check the chat and the people of this channel, and whether the robot is in the group");
    return answer(Answer::Kind::Refused, ErrorCode::Unsupported, Retry::later(), "a code Klaw does not know");
}

}  // namespace

Answer readApiAnswer(const net::HttpResponse& response, std::string_view application, TimePoint now) {
    auto json = Json::parse(response.body, nullptr, false);
    bool fine = response.status >= 200 && response.status < 300;
    if (json.is_object() && isBan(json)) return readAnswer(response, application, now);
    if (fine && json.is_object()) return {Answer::Kind::Taken, {}, response.body};
    auto code = json.is_object() ? textIn(json, "code", "Code") : std::string();
    if (code.empty()) return readAnswer(response, application, now);
    auto answer = refusal(code, textIn(json, "message", "Message"), json, response.status, application);
    answer.error = heldBack(std::move(answer.error), response, now);
    return answer;
}

}  // namespace klaw::notifiers::dingtalk
