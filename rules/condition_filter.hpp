#pragma once

#include <string>
#include <vector>

#include "base/packed/packed.hpp"
#include "rules/cel/program.hpp"

namespace klaw::rules {

/// What must hold of an object, and with `each` of an element, for a condition to be true. Looked at before the
/// condition is evaluated, which most objects do not get to. Immutable.
class ConditionFilter {
public:
    ConditionFilter() = default;
    explicit ConditionFilter(const cel::Program& condition);

    bool admitsObject(PackedView object) const { return admits(object_, object); }
    bool admitsElement(PackedView element) const { return admits(element_, element); }

private:
    struct Guard {
        std::vector<FieldName> path;
        std::vector<std::string> anyOf;
        bool holds(PackedView value) const;
    };
    using Clauses = std::vector<std::vector<Guard>>;
    static bool admits(const Clauses& clauses, PackedView value);

    Clauses object_, element_;
};

}  // namespace klaw::rules
