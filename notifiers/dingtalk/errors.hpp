#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/net/http_message.hpp"
#include "base/result.hpp"

namespace klaw::notifiers::dingtalk {

/// What a robot webhook answered. The HTTP status is 200 for almost everything.
struct Answer {
    enum class Kind {
        Taken,
        TooLong,    ///< worth one more try with less text
        Throttled,  ///< the whole robot must pause
        Refused,    ///< everything else; `error` says how
    };
    Kind kind = Kind::Refused;
    Error error;  ///< unless Taken
};

Answer readAnswer(const net::HttpResponse& response, std::string_view channel, TimePoint now);

/// The failure an errcode stands for. `errmsg` is shown and tells causes apart that share a number, in English or
/// Chinese; decisions to retry never depend on it.
Error errorOf(std::int64_t errcode, const std::string& errmsg, std::string_view channel);

}  // namespace klaw::notifiers::dingtalk
