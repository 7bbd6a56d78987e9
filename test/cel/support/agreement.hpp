#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/result.hpp"

namespace klaw::rules::cel {

struct Agreement {
    std::size_t compared = 0;
    std::size_t agreed = 0;
    std::size_t values = 0;  ///< of the compared, those to which cel-go gave a value
};

/// Evaluates what test/cel/differential wrote, and compares it with cel-go's value or error.
class AgreementCheck {
public:
    /// `report` gets a text about each expression on which the two differ.
    explicit AgreementCheck(std::function<void(std::string_view)> report);
    ~AgreementCheck();
    /// One line of the file. Throws when it is no such line.
    void read(std::string_view line);
    const Agreement& result() const { return result_; }

private:
    struct Objects;
    void compare(std::string_view line);

    std::function<void(std::string_view)> report_;
    std::unique_ptr<Objects> objects_;
    Agreement result_;
};

}  // namespace klaw::rules::cel
