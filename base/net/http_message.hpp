#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/percent.hpp"
#include "base/time.hpp"

namespace klaw::net {

/// Header fields in order; names compare without case.
class HttpHeaders {
public:
    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    /// Replaces every field of that name.
    void set(std::string name, std::string value);
    void remove(std::string_view name);
    /// The first field of that name.
    std::optional<std::string_view> get(std::string_view name) const;
    const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;  ///< absolute: http or https, host, optional port, path and query already percent-encoded
    HttpHeaders headers;
    std::string body;

    HttpRequest() = default;
    HttpRequest(std::string m, std::string u) : method(std::move(m)), url(std::move(u)) {}
};

struct HttpHead {
    int status = 0;
    HttpHeaders headers;
    std::optional<TimePoint> certificateEnds;  ///< the server's, over TLS
};

struct HttpResponse : HttpHead {
    std::string body;
};

bool equalsIgnoringCase(std::string_view a, std::string_view b);  ///< ASCII letters only, as HTTP compares

using klaw::percentDecode;
using klaw::percentEncode;

}  // namespace klaw::net
