#include "base/net/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace klaw::net {

namespace {

constexpr std::string_view remedy = "Write an absolute URL such as https://example.org:8443/path";

bool isPrintable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool startsWithScheme(std::string_view text, std::string_view scheme) {
    auto same = [](char expected, char c) { return c == expected || (c | 0x20) == expected; };
    return text.size() > scheme.size() && std::equal(scheme.begin(), scheme.end(), text.begin(), same);
}

std::optional<std::uint16_t> parsePort(std::string_view text) {
    std::uint16_t port = 0;
    auto outcome = std::from_chars(text.data(), text.data() + text.size(), port);
    if (outcome.ec != std::errc() || outcome.ptr != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

/// Splits "host", "host:port", "[v6]" or "[v6]:port"; the port part is empty where there is none.
bool splitHostAndPort(std::string_view text, std::string_view& host, std::string_view& port) {
    if (text.starts_with('[')) {
        auto close = text.find(']');
        if (close == std::string_view::npos) return false;
        host = text.substr(1, close - 1);
        auto rest = text.substr(close + 1);
        if (!rest.empty() && rest.front() != ':') return false;
        port = rest.empty() ? rest : rest.substr(1);
        return !host.empty();
    }
    auto colon = text.find(':');
    host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    return !host.empty() && port.find(':') == std::string_view::npos;
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string targetOf(std::string_view rest) {
    rest = rest.substr(0, rest.find('#'));
    if (rest.empty()) return "/";
    return rest.front() == '?' ? "/" + std::string(rest) : std::string(rest);
}

}  // namespace

std::string Url::hostField() const {
    return port == (tls ? 443 : 80) ? bracketed(host) : authority();
}

std::string Url::authority() const {
    return bracketed(host) + ":" + std::to_string(port);
}

std::string Url::origin() const {
    return (tls ? "https://" : "http://") + hostField();
}

Result<Url> parseUrl(std::string_view text) {
    auto invalid = [](std::string why) {
        return fail(ErrorCode::InvalidArgument, std::move(why), {}, std::string(remedy));
    };
    if (!isPrintable(text)) return invalid("the URL contains spaces, control characters or bytes outside ASCII");
    Url url;
    url.tls = startsWithScheme(text, "https://");
    if (!url.tls && !startsWithScheme(text, "http://"))
        return invalid("the URL begins with neither http:// nor https://");
    auto rest = text.substr(url.tls ? 8 : 7);
    auto authority = rest.substr(0, rest.find_first_of("/?#"));
    url.target = targetOf(rest.substr(authority.size()));
    if (auto at = authority.rfind('@'); at != std::string_view::npos) {
        url.userInfo = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    std::string_view host;
    std::string_view port;
    if (!splitHostAndPort(authority, host, port)) return invalid("the URL has no valid host");
    url.host = host;
    url.port = url.tls ? 443 : 80;
    if (port.empty()) return url;
    auto number = parsePort(port);
    if (!number) return invalid("the port of the URL is not a number from 1 to 65535");
    url.port = *number;
    return url;
}

std::string shownUrl(std::string_view text) {
    auto url = parseUrl(text);
    if (!url) return "an address that cannot be read";
    auto path = url->target.substr(0, url->target.find('?'));
    return url->origin() + (path == "/" ? "" : path);
}

}  // namespace klaw::net
