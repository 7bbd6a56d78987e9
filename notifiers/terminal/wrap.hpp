#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace klaw::notifiers::terminal {

/// Lines of at most `width` columns, broken at blanks, or between characters where a word is longer or in scripts
/// written without blanks. Valid UTF-8 in, at least one line out.
std::vector<std::string> wrap(std::string_view text, std::size_t width);
/// The same for fixed-width text: blanks are kept and lines broken anywhere.
std::vector<std::string> wrapExactly(std::string_view text, std::size_t width);
/// Filled with blanks up to `width` columns.
std::string padded(std::string_view text, std::size_t width);

}  // namespace klaw::notifiers::terminal
