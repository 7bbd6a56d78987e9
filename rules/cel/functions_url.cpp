#include "rules/cel/functions.hpp"
namespace klaw::rules::cel {
std::span<const Function> urlFunctions() {
    return {};
}
}  // namespace klaw::rules::cel
