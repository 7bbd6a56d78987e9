#include "rules/cel/inference.hpp"

#include <algorithm>
#include <utility>

namespace klaw::rules::cel {
namespace {

bool mayBeNull(const Type& type) {
    return type.isObject() || type.is(Kind::Null) || type.is(Kind::Timestamp) || type.is(Kind::Duration) ||
           type.is(Kind::Optional) || type.is(Kind::Extension);
}

/// Of two types that fit each other, whether the first says the same or less.
bool saysNoMore(const Type& one, const Type& other) {
    if (one.isDyn() || one.isVariable()) return true;
    if (other.isDyn() || other.isVariable()) return false;
    if (one.isObject() || other.isObject()) return !one.isObject() || one.objects.size() >= other.objects.size();
    if (one.kind != other.kind || one.name != other.name) return false;
    return std::ranges::equal(one.of, other.of, saysNoMore);
}

const Type& moreGeneral(const Type& one, const Type& other) {
    return saysNoMore(one, other) ? one : other;
}

void instantiate(Type& type, std::size_t first, std::size_t& count) {
    if (type.isVariable()) {
        count = std::max(count, type.variable + 1);
        type.variable += first;
    }
    for (auto& parameter : type.of) instantiate(parameter, first, count);
}

}  // namespace

Type Inference::fresh() {
    known_.emplace_back();
    return Type::variableOf(known_.size() - 1);
}

std::vector<Type> Inference::instantiated(std::span<const Type> signature) {
    std::vector<Type> types(signature.begin(), signature.end());
    std::size_t count = 0;
    for (auto& type : types) instantiate(type, known_.size(), count);
    known_.resize(known_.size() + count);
    return types;
}

bool Inference::fit(std::span<const Type> given, std::span<const Type> wanted) {
    undo_.clear();
    if (std::ranges::equal(given, wanted, [&](const Type& a, const Type& b) { return assignable(a, b); })) return true;
    for (; !undo_.empty(); undo_.pop_back()) known_[undo_.back().variable] = std::move(undo_.back().before);
    return false;
}

bool Inference::assignable(const Type& given, const Type& wanted) {
    if (exhausted()) return true;
    if (wanted.isVariable()) {
        auto found = substitute(given, wanted);
        if (found.valid || found.known) return found.valid;
    }
    if (given.isVariable()) return substitute(wanted, given).valid;
    if (given.isDyn() || wanted.isDyn()) return true;
    if (given.is(Kind::Null)) return mayBeNull(wanted);
    if (wanted.is(Kind::Null)) return mayBeNull(given);
    if (given.isObject() || wanted.isObject()) return assignableObjects(given, wanted);
    return given.kind == wanted.kind && given.name == wanted.name && assignableParameters(given, wanted);
}

/// An object is also a map of its fields.
bool Inference::assignableObjects(const Type& given, const Type& wanted) {
    static const auto fields = Type::map(Kind::String, Type());
    if (!given.isObject()) return given.is(Kind::Map) && assignable(given, fields);
    if (!wanted.isObject()) return wanted.is(Kind::Map) && assignable(fields, wanted);
    return std::ranges::find_first_of(given.objects, wanted.objects) != given.objects.end();
}

bool Inference::assignableParameters(const Type& given, const Type& wanted) {
    return std::ranges::equal(given.of, wanted.of, [&](const Type& a, const Type& b) { return assignable(a, b); });
}

Inference::Substitution Inference::substitute(const Type& type, const Type& variable) {
    if (type == variable) return {true, true};
    if (auto known = known_[variable.variable]) {
        if (type == *known) return {true, true};
        if (!assignable(type, *known)) return {false, true};
        const auto& general = moreGeneral(type, *known);
        if (!refersTo(general, variable)) bind(variable, general);
        return {true, true};
    }
    if (refersTo(type, variable)) return {false, false};
    bind(variable, type);
    return {true, false};
}

void Inference::bind(const Type& variable, const Type& type) {
    undo_.push_back({variable.variable, std::exchange(known_[variable.variable], type)});
}

bool Inference::refersTo(const Type& within, const Type& variable) {
    if (exhausted() || within == variable) return true;
    if (within.isVariable()) {
        auto known = known_[within.variable];
        return known && refersTo(*known, variable);
    }
    return std::ranges::any_of(within.of, [&](const Type& parameter) { return refersTo(parameter, variable); });
}

Type Inference::resolved(const Type& type) {
    return replaced(type, false);
}

Type Inference::settled(const Type& type) {
    return replaced(type, true);
}

Type Inference::replaced(const Type& type, bool unknownIsDyn) {
    if (exhausted()) return {};
    if (type.isVariable()) {
        if (auto known = known_[type.variable]) return replaced(*known, unknownIsDyn);
        return unknownIsDyn ? Type() : type;
    }
    auto result = type;
    for (auto& parameter : result.of) parameter = replaced(parameter, unknownIsDyn);
    return result;
}

Type Inference::joined(const Type& one, const Type& other) {
    return fits(one, other) ? moreGeneral(one, other) : Type();
}

}  // namespace klaw::rules::cel
