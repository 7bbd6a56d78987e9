#include "notifiers/http_outcome.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers {
namespace {

/// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<TimePoint> parseHttpDate(std::string_view text) {
    static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
    auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
    if (month == kMonths.end()) return std::nullopt;
    char iso[32];
    std::snprintf(iso, sizeof iso, "%.4s-%02d-%.2sT%.8sZ", text.data() + 12, int(month - kMonths.begin()) + 1,
                  text.data() + 5, text.data() + 17);
    return parseRfc3339(iso);
}

std::string excerpt(const net::HttpResponse& response) {
    auto body = oneLine(maskSecrets(validUtf8(response.body.substr(0, 600))));
    return body.empty() ? "" : ": " + truncateUtf8(body, 200);
}

Retry retryOf(const net::HttpResponse& response, TimePoint now) {
    bool throttled = response.status == 429 || response.status == 503;
    auto wait = throttled ? retryAfter(response.headers, now) : std::nullopt;
    if (wait) return Retry::afterAtLeast(*wait);
    bool passing = throttled || response.status >= 500 || response.status == 408 || response.status == 425;
    return passing ? Retry::later() : Retry::never();
}

constexpr std::size_t shortestToken = 8;

void hide(std::string& text, std::string_view secret) {
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + 3))
        text.replace(at, secret.size(), "***");
}

}  // namespace

std::string withoutOwnSecrets(std::string text, std::string_view url, std::string_view secret) {
    if (!secret.empty()) hide(text, secret);
    auto scheme = url.find("://");
    auto path = url.find('/', scheme == url.npos ? 0 : scheme + 3);
    if (path == url.npos) return text;
    for (auto rest = url.substr(path); !rest.empty();) {
        auto end = std::min(rest.find_first_of("/?&=#"), rest.size());
        bool isName = end < rest.size() && rest[end] == '=';
        if (end >= shortestToken && !isName) hide(text, rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return text;
}

Error sendError(Error error, std::string_view channel) {
    error.place = channel;
    error.message = maskSecrets(error.message);
    bool wasSent = error.code == ErrorCode::OutcomeUnknown ||
                   (error.code == ErrorCode::DeadlineExceeded && error.retry.kind == Retry::Kind::Never);
    if (error.code == ErrorCode::Cancelled) return error;
    if (wasSent) error.code = ErrorCode::OutcomeUnknown;
    error.retry = Retry::later();
    return error;
}

std::optional<Duration> retryAfter(const net::HttpHeaders& headers, TimePoint now) {
    auto value = headers.get("Retry-After");
    if (!value) return std::nullopt;
    Duration wait{};
    if (auto date = parseHttpDate(*value)) {
        wait = *date - now;
    } else {
        std::uint32_t seconds = 0;
        auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), seconds);
        if (error != std::errc() || end != value->data() + value->size()) return std::nullopt;
        wait = std::chrono::seconds(seconds);
    }
    return std::clamp<Duration>(wait, Duration{}, 1h);
}

Error statusError(const net::HttpResponse& response, std::string_view channel, TimePoint now) {
    auto message = "HTTP " + std::to_string(response.status) + excerpt(response);
    auto error = [&](ErrorCode code, std::string remedy = {}) {
        return Error(code, message, std::string(channel), std::move(remedy)).withRetry(retryOf(response, now));
    };
    switch (response.status) {
        case 401:
            return error(ErrorCode::Unauthenticated, "check the secret and the clock");
        case 403:
            return error(ErrorCode::PermissionDenied, "check the receiver's access rules");
        case 404:
        case 410:
            return error(ErrorCode::NotFound, "check the URL of the channel");
        case 413:
            return error(ErrorCode::InvalidArgument, "lower the channel's size limit");
        case 429:
            return error(ErrorCode::ResourceExhausted);
        case 504:
            return error(ErrorCode::OutcomeUnknown);
        default:
            break;
    }
    if (response.status >= 500 || response.status == 408 || response.status == 425)
        return error(ErrorCode::Unavailable);
    if (response.status >= 300 && response.status < 400)
        return error(ErrorCode::InvalidArgument, "redirects are not followed: set the final URL");
    return error(ErrorCode::InvalidArgument);
}

}  // namespace klaw::notifiers
