#include "agent/cli/prompt.hpp"

#include <termios.h>
#include <unistd.h>

#include <iostream>

namespace klaw::cli {
namespace {

constexpr char kInterrupt = 3;  ///< Ctrl-C, which makes no signal meanwhile: the terminal must become as it was

class WithoutEcho {
public:
    WithoutEcho() {
        changed_ = tcgetattr(STDIN_FILENO, &before_) == 0;
        if (!changed_) return;
        auto quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
        tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    }
    ~WithoutEcho() {
        if (changed_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    WithoutEcho(const WithoutEcho&) = delete;
    WithoutEcho& operator=(const WithoutEcho&) = delete;

private:
    termios before_{};
    bool changed_ = false;
};

std::string trimmed(const std::string& line) {
    constexpr auto blank = " \t\r\n";
    auto from = line.find_first_not_of(blank);
    return from == std::string::npos ? std::string() : line.substr(from, line.find_last_not_of(blank) - from + 1);
}

}  // namespace

bool isAttended() {
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

std::optional<std::string> ask(const std::string& question) {
    std::cout << question << std::flush;
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return trimmed(line);
}

std::optional<std::string> askSecret(const std::string& question) {
    WithoutEcho quiet;  // before anybody is asked to type
    std::cout << question << std::flush;
    std::string line;
    bool read = static_cast<bool>(std::getline(std::cin, line));
    std::cout << "\n" << std::flush;
    if (!read || line.find(kInterrupt) != std::string::npos) return std::nullopt;
    return trimmed(line);
}

}  // namespace klaw::cli
