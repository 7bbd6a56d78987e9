#pragma once

#include <string>

namespace klaw::rules::cel {

/// The shortest text that reads back as the same number, as Go's %g writes it: "1.5", "1e+06", "NaN", "+Inf".
std::string shortestText(double value);
/// The shortest digits without an exponent, as format() writes them: "1000000", "NaN", "-Infinity".
std::string plainText(double value);

}  // namespace klaw::rules::cel
