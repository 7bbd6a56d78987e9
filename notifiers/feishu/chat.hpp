#pragma once

#include <memory>
#include <string>

#include "notifiers/feishu/app.hpp"
#include "notifiers/feishu/attempt.hpp"
#include "notifiers/fit.hpp"
#include "notifiers/notifier.hpp"

namespace klaw::notifiers::feishu {

struct ChatOptions {
    std::string name = "feishu";
    /// A group (oc_…), or a person: ou_… (open_id), on_… (union_id), a mail address, else a user_id.
    std::string chat;
    std::size_t maxBytes = 24'000;  ///< of the card's JSON; the platform takes 30 KB after its own additions
};

/// One group or person that an application's bot writes to. Cards are changed in place for 14 days; after that, and
/// when somebody withdrew it, the newest state comes as a new card. Repeats are dropped by the platform for an hour.
///
/// One call of send() tries again by itself with ever less, as the custom bot's does; a card that is there becomes a
/// plain one at last, and where even that is refused a new message says it. An answer to a message that is gone goes to
/// its chat.
class Chat final : public Notifier {
public:
    Chat(std::shared_ptr<App> app, ChatOptions options);

    std::string_view name() const override { return options_.name; }
    std::string_view kind() const override { return "feishu"; }
    NotifierLimits limits() const override;
    /// A reply goes to where the question was asked, whatever the chat of this channel.
    Task<Result<Receipt>> send(Card card, SendContext context) override;
    /// A card that can no longer be changed is sent anew; the receipt names the new one.
    Task<Result<Receipt>> update(std::string platformRef, Card card, SendContext context) override;
    Task<Result<Receipt>> ring(std::string platformRef, Card card, SendContext context) override;

private:
    struct Content {
        std::string type;  ///< "interactive", "text"
        FittedBody body;
    };
    /// Where a message goes or which one is changed.
    struct Target {
        std::string api, method, path;
        std::string chat;  ///< that gets a new message; empty: the path says it
        bool changes = false;
    };
    /// What came of it.
    struct Said {
        Answer::Kind kind = Answer::Kind::Refused;
        Error error;  ///< unless Taken
        std::string id;
        std::string detail;
    };
    Target targetOf(const Card& card) const;
    static Target creationIn(const std::string& chat);
    static Content contentOf(const SafeCard& card, const Attempt& attempt);
    static std::string bodyOf(const Content& content, const Attempt& attempt, const SendContext& context,
                              const Target& target);
    Task<Result<Said>> deliver(SafeCard card, Attempt attempt, SendContext context, Target target);

    std::shared_ptr<App> app_;
    ChatOptions options_;
};

}  // namespace klaw::notifiers::feishu
