#include <algorithm>

#include "base/net/http_server.hpp"

namespace klaw::net {

std::string_view ServerRequest::path() const {
    return std::string_view(target).substr(0, target.find('?'));
}

std::optional<std::string> ServerRequest::query(std::string_view name) const {
    auto decode = [](std::string_view text) {
        std::string spaced(text);
        std::replace(spaced.begin(), spaced.end(), '+', ' ');
        return percentDecode(spaced).value_or(spaced);
    };
    auto mark = target.find('?');
    if (mark == std::string::npos) return std::nullopt;
    auto rest = std::string_view(target).substr(mark + 1);
    while (!rest.empty()) {
        auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        auto equals = std::min(pair.find('='), pair.size());
        if (decode(pair.substr(0, equals)) != name) continue;
        return decode(pair.substr(std::min(equals + 1, pair.size())));
    }
    return std::nullopt;
}

ServerResponse ServerResponse::text(int status, std::string body, std::string contentType) {
    ServerResponse response;
    response.status = status;
    response.headers.add("Content-Type", std::move(contentType));
    response.body = std::move(body);
    return response;
}

ServerResponse ServerResponse::json(int status, std::string body) {
    return text(status, std::move(body), "application/json");
}

}  // namespace klaw::net
