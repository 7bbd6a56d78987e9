#pragma once

#include <map>
#include <memory>
#include <string>
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

}  // namespace klaw::notifiers::dingtalk
