#pragma once

#include <string>
#include <string_view>

namespace klaw {

/// What turns one text into the other, as `diff -u` writes it without its two head lines: three lines around each
/// change, "@@ -a,b +c,d @@" before. Empty for equal texts. Of texts with more than some thousand lines that differ,
/// everything counts as changed.
std::string lineDiff(std::string_view before, std::string_view after);

}  // namespace klaw
