#include "rules/cel/functions.hpp"
namespace klaw::rules::cel {
std::span<const Function> networkFunctions() {
    return {};
}
}  // namespace klaw::rules::cel
