#pragma once

#include <deque>
#include <string>

#include "agent/operate/command_line.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::app {

/// What came with commands that wait to be confirmed and that no button, card or file may hold: values of Secrets,
/// texts of objects. In memory only, for as long as a button lives or an approval is waited for. On the loop thread.
class KeptInputs {
public:
    explicit KeptInputs(Random& random) : random_(random) {}

    /// The token that stands for it.
    std::string keep(const operate::CommandLine& line, TimePoint now);
    /// What waits for another person is kept as long as it may wait.
    void keepUntil(std::string_view token, TimePoint until);
    /// Puts what is kept in the place of what `line`, which has the token, shows instead; Expired where it is no more.
    Result<void> putInto(operate::CommandLine& line, TimePoint now);

private:
    struct Kept {
        std::string token;
        TimePoint until;
        std::vector<std::string> arguments;
        std::string attachment;
        std::size_t bytes() const;
    };

    Random& random_;
    std::deque<Kept> kept_;
};

}  // namespace klaw::app
