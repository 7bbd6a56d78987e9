#include "base/net/request_head.hpp"

#include <algorithm>

#include "base/net/connector.hpp"

namespace klaw::net {

namespace {

bool isTokenCharacter(char c) {
    bool letterOrDigit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letterOrDigit || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Decided here, whatever the caller wrote.
bool isFraming(std::string_view name) {
    return equalsIgnoringCase(name, "Content-Length") || equalsIgnoringCase(name, "Transfer-Encoding") ||
           equalsIgnoringCase(name, "Connection");
}

bool announcesBody(const HttpRequest& request) {
    return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

Result<void> validate(const HttpRequest& request) {
    if (!isToken(request.method)) return fail(ErrorCode::InvalidArgument, "the HTTP method is not a token");
    for (const auto& [name, value] : request.headers.all()) {
        if (!isToken(name)) return fail(ErrorCode::InvalidArgument, "an HTTP field name is not a token");
        if (!isFieldValue(value))
            return fail(ErrorCode::InvalidArgument,
                        "the value of the HTTP field " + name + " holds control characters");
    }
    return {};
}

}  // namespace

Result<std::string> makeRequestHead(const HttpRequest& request, const Url& url, const HttpClientOptions& options,
                                    const Url* proxy) {
    auto valid = validate(request);
    if (!valid) return fail(valid.error());
    std::string head;
    auto line = [&](std::string_view name, std::string_view value) {
        head.append(name).append(": ").append(value).append("\r\n");
    };
    auto byDefault = [&](std::string_view name, std::string_view value) {
        if (!value.empty() && !request.headers.get(name)) line(name, value);
    };
    head = request.method + " " + (proxy != nullptr ? url.origin() : "") + url.target + " HTTP/1.1\r\n";
    byDefault("Host", url.hostField());
    byDefault("User-Agent", options.userAgent);
    byDefault("Accept-Encoding", options.acceptGzip ? "gzip" : "");
    byDefault("Authorization", basicAuthorization(url));
    if (proxy != nullptr) byDefault("Proxy-Authorization", basicAuthorization(*proxy));
    for (const auto& [name, value] : request.headers.all())
        if (!isFraming(name)) line(name, value);
    if (announcesBody(request)) line("Content-Length", std::to_string(request.body.size()));
    head += "\r\n";
    return head;
}

bool isSafeMethod(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool isToken(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), isTokenCharacter);
}

bool isFieldValue(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    });
}

}  // namespace klaw::net
