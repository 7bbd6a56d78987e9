#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/net/http_message.hpp"
#include "base/result.hpp"

namespace klaw::notifiers::dingtalk {

/// What a robot webhook or the open API answered. The status of webhooks is 200 for almost everything.
struct Answer {
    enum class Kind {
        Taken,
        TooLong,      ///< worth one more try with less text
        Throttled,    ///< the whole robot or application must pause
        BadToken,     ///< the access token has ended: once more with a new one
        BadMention,   ///< for one of the people to mention: send again without
        Unsafe,       ///< the censor does not like the text: send again with less of what the cluster wrote
        BadTemplate,  ///< the card's template or its variables: use another
        Refused,      ///< everything else; `error` says how
    };
    Kind kind = Kind::Refused;
    Error error;       ///< unless Taken
    std::string body;  ///< of Taken
};

/// Of a webhook and of the old API.
Answer readAnswer(const net::HttpResponse& response, std::string_view channel, TimePoint now);

/// Of the open API, whose refusals are {"code":"…","message":"…"} with a status of 4xx or 5xx. The code decides: a
/// token that has ended comes with 400 as well as with 401.
Answer readApiAnswer(const net::HttpResponse& response, std::string_view application, TimePoint now);

/// The failure an errcode stands for. `errmsg` is shown and tells causes apart that share a number, in English or
/// Chinese; decisions to retry never depend on it.
Error errorOf(std::int64_t errcode, const std::string& errmsg, std::string_view channel);

}  // namespace klaw::notifiers::dingtalk
