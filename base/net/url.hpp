#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace klaw::net {

/// An absolute http or https URL, taken apart.
struct Url {
    bool tls = false;
    std::string host;  ///< an IPv6 literal without its brackets
    std::uint16_t port = 0;
    std::string target;    ///< path and query, never empty; the fragment is dropped
    std::string userInfo;  ///< as written, percent-encoded; may be empty

    /// What the Host field holds: the port only where it is not the scheme's own.
    std::string hostField() const;
    /// "host:port", for CONNECT.
    std::string authority() const;
    /// "https://host:port" without anything that may be secret; what errors name as their place.
    std::string origin() const;
};

Result<Url> parseUrl(std::string_view text);

/// As far as people and logs may see it: without user, password and query.
std::string shownUrl(std::string_view text);

}  // namespace klaw::net
