#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace klaw::operate {

/// Letters and digits, and the signs in `also`; not empty, not longer than a key of Kubernetes.
bool isName(std::string_view text, std::string_view also);

/// `KEY=VALUE` and `KEY-` as keys with their new values; nothing for one that is to go. InvalidArgument, which shows no
/// value, for anything else, for a key twice and for more than an object of Kubernetes holds.
Result<std::map<std::string, std::optional<std::string>>> dataWordsOf(const std::vector<std::string>& words);

}  // namespace klaw::operate
