#pragma once

#include "agent/app/meta_book.hpp"
#include "agent/security/terms.hpp"

namespace klaw::app {

/// The last security audit of each cluster, or of one namespace of it: "prod", "prod/shop".
using SecurityBook = MetaBook<security::Run>;
inline constexpr std::string_view securityKeyPrefix = "security:";

}  // namespace klaw::app
