#pragma once

#include <string_view>

namespace klaw::app {

inline constexpr std::string_view programVersion = KLAW_VERSION;

}  // namespace klaw::app
