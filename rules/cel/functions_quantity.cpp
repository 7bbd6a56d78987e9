#include "rules/cel/functions.hpp"
namespace klaw::rules::cel {
std::span<const Function> quantityFunctions() {
    return {};
}
}  // namespace klaw::rules::cel
