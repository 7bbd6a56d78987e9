#include "rules/action_names.hpp"

#include <array>

namespace klaw::rules {

std::span<const std::string_view> actionNames() {
    static constexpr std::array<std::string_view, 12> names{"cordon", "delete",  "describe", "events",
                                                            "logs",   "pause",   "restart",  "rollback",
                                                            "run",    "silence", "suspend",  "top"};
    return names;
}

}  // namespace klaw::rules
