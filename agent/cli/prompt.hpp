#pragma once

#include <optional>
#include <string>

namespace klaw::cli {

/// Whether a person sits in front of both ends.
bool isAttended();
/// A line from standard input; nothing at its end.
std::optional<std::string> ask(const std::string& question);
/// The same without showing what is typed.
std::optional<std::string> askSecret(const std::string& question);

}  // namespace klaw::cli
