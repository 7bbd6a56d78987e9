#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace klaw::rules::cel {

struct Agreement {
    std::size_t compared = 0;
    std::size_t agreed = 0;
    std::size_t values = 0;    ///< of the compared, those to which cel-go gave a value
    std::size_t refusals = 0;  ///< of the compared, those that cel-go does not compile
    /// Where the two differ by design, and how often that was. These are not compared.
    std::map<std::string, std::size_t> byDesign;
};

/// Compiles and evaluates what test/cel/differential wrote, and compares it with cel-go's value, error or refusal.
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
