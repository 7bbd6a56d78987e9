#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "notifiers/notifier.hpp"
#include "notifiers/outline.hpp"

namespace klaw::notifiers::dingtalk {

/// The variables of a card: all values are text, lists and objects as JSON in it.
using CardParameters = std::map<std::string, std::string>;

/// How a card is put into the variables of a template. Templates are made in the platform's console, so each is a
/// renderer of its own.
class CardTemplate {
public:
    virtual ~CardTemplate() = default;
    virtual const std::string& id() const = 0;
    virtual CardParameters render(const SafeCard& card, const std::vector<Notice>& notices,
                                  const std::vector<Mention>& mentions) const = 0;
    /// What only the presser sees after a press; empty where the template has no place for it.
    virtual CardParameters hint(const std::string& text) const = 0;
};

/// The one that Klaw brings (docs/chat.md says how to make it): title, severity, status, body, buttons,
/// footer, hint.
std::unique_ptr<CardTemplate> ownTemplate(std::string id);
/// One that the platform publishes: no set-up, no hints.
std::unique_ptr<CardTemplate> publicTemplate();

/// The templates of one application. A press names nothing but its card, so the id of a card says by which template it
/// was made.
class CardTemplates {
public:
    /// `own`: of the application's own template; empty: there is the public one alone.
    explicit CardTemplates(const std::string& own);
    bool hasOwn() const { return own_ != nullptr; }
    /// The application's own one where there is one and the card is not `onPublic`.
    const CardTemplate& choose(bool onPublic) const { return own_ && !onPublic ? *own_ : *public_; }
    /// By which the card of that id was made.
    const CardTemplate& of(std::string_view trackId) const { return choose(trackId.starts_with(kPublicCard)); }
    /// Of a card that is to be made.
    std::string trackId(std::string_view key, bool onPublic) const;

private:
    static constexpr std::string_view kCard = "klaw-", kPublicCard = "klaw-public-";
    std::unique_ptr<CardTemplate> own_;
    std::unique_ptr<CardTemplate> public_;
};

}  // namespace klaw::notifiers::dingtalk
