#pragma once

#include <memory>
#include <string>

#include "notifiers/dingtalk/app.hpp"
#include "notifiers/dingtalk/attempt.hpp"
#include "notifiers/dingtalk/card_template.hpp"
#include "notifiers/fit.hpp"
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
///
/// One call of send() tries again by itself with ever less of what the platform refuses (Attempt); a message without
/// buttons is the last way. Such a message cannot be changed: then only what people must know comes as another one.
class Chat final : public Notifier {
public:
    Chat(std::shared_ptr<App> app, const Clock& clock, ChatOptions options);

    std::string_view name() const override { return options_.name; }
    std::string_view kind() const override { return "dingtalk"; }
    NotifierLimits limits() const override;
    Task<Result<Receipt>> send(Card card, SendContext context) override;
    Task<Result<Receipt>> update(std::string platformRef, Card card, SendContext context) override;
    Task<Result<Receipt>> ring(std::string platformRef, Card card, SendContext context) override;

private:
    std::string chatOf(const Card& card) const;
    FittedBody creation(const SafeCard& card, const Attempt& attempt, const std::string& trackId,
                        const std::string& chat) const;
    FittedBody message(const SafeCard& card, const Attempt& attempt, const SendContext& context) const;
    FittedBody change(const SafeCard& card, const Attempt& attempt, const std::string& trackId) const;
    Attempt firstAttempt(const SendContext& context) const;
    Task<Result<Answer>> create(FittedBody made);
    Task<Result<Answer>> sendMessage(std::string text, std::string chat);
    Task<Result<Receipt>> updateMessage(std::string platformRef, SafeCard card, SendContext context);
    Task<Result<Receipt>> deliver(SafeCard card, Attempt attempt, SendContext context);
    Task<Result<Receipt>> reply(SafeCard card, SendContext context);
    Error failure(Error error) const;

    std::shared_ptr<App> app_;
    const Clock& clock_;
    ChatOptions options_;
    CardTemplates templates_;
};

}  // namespace klaw::notifiers::dingtalk
