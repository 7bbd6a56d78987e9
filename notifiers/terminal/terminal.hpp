#pragma once

#include <functional>
#include <memory>
#include <string>

#include "notifiers/notifier.hpp"
#include "notifiers/terminal/render.hpp"

namespace klaw::notifiers::terminal {

/// Prints cards. What was printed cannot be changed: every update is a new card.
class Terminal final : public Notifier {
public:
    /// `write` puts all of the text on the screen or returns false; `screen` is asked for every card, since windows
    /// change their size.
    using Write = std::function<bool(std::string_view text)>;
    Terminal(std::string name, Write write, std::function<Screen()> screen);
    /// On standard output.
    static std::unique_ptr<Terminal> onStandardOutput(std::string name);

    std::string_view name() const override { return name_; }
    std::string_view kind() const override { return "terminal"; }
    NotifierLimits limits() const override { return NotifierLimits(); }
    Task<Result<Receipt>> send(Card card, SendContext context) override;

private:
    std::string name_;
    Write write_;
    std::function<Screen()> screen_;
};

}  // namespace klaw::notifiers::terminal
