#pragma once

#include <string>
#include <string_view>

namespace klaw::storage {

// PostgreSQL's text has no NUL, ours may. It is kept as U+10FFFE and "0", and U+10FFFE itself, which is no character,
// as U+10FFFE and "1": different texts stay different, and what is read is what was written.

std::string toPostgresText(std::string_view text);
std::string fromPostgresText(std::string_view stored);

/// The same statement with parameters $1, $2, … in the place of ? and ?1.
std::string withPostgresParameters(std::string_view sql);

}  // namespace klaw::storage
