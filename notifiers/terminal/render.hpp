#pragma once

#include <string>

#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::terminal {

struct Screen {
    std::size_t width = 80;  ///< columns; cards are between 40 and 120 wide
    bool colour = false;
};

/// What is at the other end of the file descriptor: its width (COLUMNS, else the terminal's, else 80), and colour when
/// it is a terminal, TERM is not "dumb" and NO_COLOR is unset or empty.
Screen detectScreen(int fileDescriptor);

/// The card in a box, with the commands below it on lines of their own, uncut, so that they can be copied. Nothing
/// from the cluster reaches the terminal as a control sequence.
std::string renderCard(const SafeCard& card, const Screen& screen);

}  // namespace klaw::notifiers::terminal
