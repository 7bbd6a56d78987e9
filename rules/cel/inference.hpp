#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "rules/cel/type.hpp"

namespace klaw::rules::cel {

/// What the variables of types turn out to be while one expression is checked. A type that grows out of hand becomes
/// dyn, so the work is bounded.
class Inference {
public:
    Type fresh();
    /// A signature's types with variables of their own in place of the letters.
    std::vector<Type> instantiated(std::span<const Type> signature);

    /// Whether values of the one type may be where the other is wanted. What variables are found to be is kept only if
    /// all fit.
    bool fits(const Type& given, const Type& wanted) { return fit({&given, 1}, {&wanted, 1}); }
    bool fit(std::span<const Type> given, std::span<const Type> wanted);

    /// The type without the variables that are known.
    Type resolved(const Type& type);
    /// The same with dyn for those that are not.
    Type settled(const Type& type);
    /// What holds elements of both types.
    Type joined(const Type& one, const Type& other);

private:
    struct Substitution {
        bool valid = false;
        bool known = false;
    };
    bool assignable(const Type& given, const Type& wanted);
    bool assignableObjects(const Type& given, const Type& wanted);
    bool assignableParameters(const Type& given, const Type& wanted);
    Substitution substitute(const Type& type, const Type& variable);
    void bind(const Type& variable, const Type& type);
    bool refersTo(const Type& within, const Type& variable);
    Type replaced(const Type& type, bool unknownIsDyn);
    bool exhausted() { return ++steps_ > maxSteps; }

    static constexpr std::size_t maxSteps = 200'000;
    struct Bound {
        std::size_t variable;
        std::optional<Type> before;
    };
    std::vector<std::optional<Type>> known_;
    std::vector<Bound> undo_;
    std::size_t steps_ = 0;
};

}  // namespace klaw::rules::cel
