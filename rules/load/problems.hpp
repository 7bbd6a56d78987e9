#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "rules/load/source_file.hpp"

namespace klaw::rules {

/// What is wrong with a file, all of it.
class Problems {
public:
    void error(const Place& at, std::string message, std::string remedy = {}) {
        if (errors_.size() < limit)
            errors_.emplace_back(ErrorCode::InvalidArgument, std::move(message), at.describe(), std::move(remedy));
    }
    void warning(const Place& at, std::string message, std::string remedy = {}) {
        if (warnings_.size() < limit)
            warnings_.emplace_back(ErrorCode::InvalidArgument, std::move(message), at.describe(), std::move(remedy));
    }
    std::size_t errorCount() const { return errors_.size(); }
    std::vector<Error>& errors() { return errors_; }
    std::vector<Error>& warnings() { return warnings_; }

private:
    static constexpr std::size_t limit = 100;
    std::vector<Error> errors_;
    std::vector<Error> warnings_;
};

}  // namespace klaw::rules
