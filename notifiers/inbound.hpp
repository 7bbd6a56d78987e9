#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/async/task.hpp"
#include "base/time.hpp"
#include "notifiers/card.hpp"

namespace klaw::notifiers {

/// Who wrote or pressed, by the platform's own word.
struct Person {
    std::string id;  ///< DingTalk userid, Feishu open_id
    std::string name;
    std::string unionId;
    std::string organisation;            ///< DingTalk corpId, of whose people the id is one; empty where it is not said
    bool beforeOwnOrganisation = false;  ///< nobody vouches for them, as ours is not known yet
};

struct InboundMessage {
    std::string eventId;  ///< the same when the platform sends it again
    Person from;
    std::string chat;
    bool direct = false;
    std::string text;  ///< without the mention of the bot
    std::string messageId;
    std::string botOrganisation;  ///< DingTalk corpId of the robot
    std::string replyTarget;      ///< DingTalk's sessionWebhook; empty where the message id is enough
    TimePoint replyUntil{};
    TimePoint at{};
};

struct InboundPress {
    std::string eventId;
    Person by;
    std::string chat;
    std::string cardRef;  ///< Feishu open_message_id, DingTalk outTrackId
    std::string nonce;
    std::string verb;
    std::map<std::string, std::string> inputs;  ///< of a form on the card
    TimePoint at{};
};

/// What the presser sees at once.
struct PressAnswer {
    enum class Kind { Info, Success, Warning, Error };
    Kind kind = Kind::Info;
    std::string toast;
    std::optional<Card> card;  ///< shown in place of the pressed one where the platform can
};

/// Takes what people do in chats. Everything in it may be hostile but the identities, which come from the platform. On
/// the loop thread.
class InboundHandler {
public:
    virtual ~InboundHandler() = default;
    /// Answers within a second; longer work goes on afterwards.
    virtual Task<PressAnswer> press(InboundPress press) = 0;
    /// Returns at once.
    virtual void message(InboundMessage message) = 0;
};

struct InboundCounts {
    std::uint64_t connections = 0;
    std::map<std::string, std::uint64_t> reconnects;  ///< by reason
    std::map<std::string, std::uint64_t> frames;      ///< by kind
    std::map<std::string, std::uint64_t> dropped;     ///< by reason
};

/// The way in from one application of a platform. On the loop thread.
class InboundConnection {
public:
    virtual ~InboundConnection() = default;
    /// Keeps the connection up from now on. No refusal of the platform ends it.
    virtual void start() = 0;
    /// Says goodbye and waits until nothing of it runs.
    virtual Task<void> stop() = 0;
    virtual bool connected() const = 0;
    virtual const InboundCounts& counts() const = 0;
    virtual std::optional<TimePoint> lastHeardOf() const = 0;
    virtual const std::string& lastError() const = 0;  ///< empty while connected
};

}  // namespace klaw::notifiers
