#pragma once

#include <cstdint>
#include <string>

#include "base/net/http_message.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace klaw::notifiers::feishu {

/// What a custom bot's hook or the open platform answered. Errors come with any status: the code in the body decides.
struct Answer {
    enum class Kind {
        Taken,
        TooLong,     ///< worth one more try with less text
        BadMention,  ///< the whole card was refused for one mention: send again without
        BadCard,     ///< the card's structure was refused: send a simpler one
        BadToken,    ///< the access token has ended or was revoked: once more with a new one
        Gone,        ///< the message was withdrawn or is too old to be changed: send anew
        Refused,     ///< everything else; `error` says how
    };
    Kind kind = Kind::Refused;
    Error error;       ///< unless Taken
    std::string body;  ///< of Taken
};

/// `random` spreads the pause after a throttling of the whole platform.
Answer readAnswer(const net::HttpResponse& response, std::string_view channel, TimePoint now, Random& random);

Error errorOf(std::int64_t code, const std::string& msg, std::string_view channel);

}  // namespace klaw::notifiers::feishu
