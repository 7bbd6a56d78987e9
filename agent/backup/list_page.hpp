#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/backup/kind.hpp"
#include "base/result.hpp"

namespace klaw::backup {

/// One page of a list, its items as they came.
struct ListPage {
    std::string resourceVersion;
    std::string continueToken;            ///< empty: it is the last one
    std::vector<std::string_view> items;  ///< JSON, in `body`
    std::unique_ptr<const std::string> body;

    /// Unavailable for anything that is no list.
    static Result<ListPage> parse(std::string body);
};

/// The names of the items of a list.
Result<std::vector<std::string>> namesOf(const std::string& list);

/// An item in one line, with the apiVersion and kind that lists leave out.
std::string withType(const Kind& kind, std::string_view item);

}  // namespace klaw::backup
