#pragma once

#include <memory>
#include <string>

#include "notifiers/dingtalk/app.hpp"
#include "notifiers/dingtalk/card_template.hpp"
#include "notifiers/notifier.hpp"

namespace klaw::notifiers::dingtalk {

struct ChatOptions {
    std::string name = "dingtalk";
    std::string chat;              ///< openConversationId of a group (cid…), or the userid of a person
    std::size_t maxBytes = 8'000;  ///< of a card's variables; no figure of the platform is known
};

/// One group or person that an application's robot writes to: interactive cards, changed in place by the id that we
/// gave them, whose buttons come back over the application's connection. Answers go to the message's own address while
/// it lives, else as a message of the robot.
class Chat final : public Notifier {
public:
    Chat(std::shared_ptr<App> app, const Clock& clock, ChatOptions options);

    std::string_view name() const override { return options_.name; }
    std::string_view kind() const override { return "dingtalk"; }
    NotifierLimits limits() const override;
    Task<Result<Receipt>> send(Card card, SendContext context) override;
    Task<Result<Receipt>> update(std::string platformRef, Card card, SendContext context) override;

private:
    struct Rendered {
        std::string body;
        bool shortened = false;
    };
    Rendered creation(const SafeCard& card, const SendContext& context, const std::string& trackId,
                      const std::string& chat) const;
    std::string chatOf(const Card& card) const;
    Task<Result<Receipt>> reply(SafeCard card, SendContext context);
    Error failure(Error error) const;

    std::shared_ptr<App> app_;
    const Clock& clock_;
    ChatOptions options_;
    std::unique_ptr<CardTemplate> template_;
};

}  // namespace klaw::notifiers::dingtalk
