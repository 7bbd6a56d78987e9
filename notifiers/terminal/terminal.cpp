#include "notifiers/terminal/terminal.hpp"

#include <unistd.h>

#include <cstdio>

namespace klaw::notifiers::terminal {

Terminal::Terminal(std::string name, Write write, std::function<Screen()> screen)
    : name_(std::move(name)), write_(std::move(write)), screen_(std::move(screen)) {}

std::unique_ptr<Terminal> Terminal::onStandardOutput(std::string name) {
    auto write = [](std::string_view text) {
        return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    };
    return std::make_unique<Terminal>(std::move(name), write, [] { return detectScreen(STDOUT_FILENO); });
}

Task<Result<Receipt>> Terminal::send(Card card, SendContext) {
    auto text = renderCard(SafeCard(std::move(card)), screen_()) + "\n";
    if (write_(text)) co_return Receipt();
    Error error(ErrorCode::Unavailable, "the card could not be written to the terminal", name_);
    co_return fail(std::move(error).withRetry(Retry::later()));
}

}  // namespace klaw::notifiers::terminal
