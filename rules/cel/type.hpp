#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/cel/value.hpp"

namespace klaw::rules::cel {

class ObjectType;

/// What is known of a value before there is one.
struct Type {
    enum class Form : std::uint8_t {
        Dyn,       ///< anything: known at run time only
        Variable,  ///< of a signature, or still to be inferred
        Known,     ///< of `kind`
        Object     ///< with named fields: of one of `objects`
    };
    Form form = Form::Dyn;
    Kind kind = Kind::Null;
    std::vector<Type> of;                    ///< List, Optional: element; Map: key and value
    std::string_view name;                   ///< Extension: as it names itself
    std::size_t variable = 0;                ///< Variable: which
    std::vector<const ObjectType*> objects;  ///< Object: not empty

    Type() = default;
    Type(Kind known) : form(Form::Known), kind(known) {
        if (known == Kind::List || known == Kind::Optional) of.resize(1);
        if (known == Kind::Map) of.resize(2);
    }
    static Type list(Type element);
    static Type map(Type key, Type value);
    static Type optional(Type element);
    static Type variableOf(std::size_t index);
    static Type object(std::vector<const ObjectType*> alternatives);

    bool isDyn() const { return form == Form::Dyn; }
    bool isVariable() const { return form == Form::Variable; }
    bool isObject() const { return form == Form::Object; }
    bool is(Kind wanted) const { return form == Form::Known && kind == wanted; }
    bool isNumber() const { return is(Kind::Int) || is(Kind::Uint) || is(Kind::Double); }
    std::size_t size() const;  ///< how many types it is made of
    /// As cel-go prints it: "map(string, google.protobuf.Timestamp)".
    std::string text() const;
    friend bool operator==(const Type& a, const Type& b) = default;
};

/// A type with named fields. Lives as long as the program.
class ObjectType {
public:
    virtual ~ObjectType() = default;
    virtual std::string_view name() const = 0;  ///< "Deployment"
    /// Nothing when there is no such field.
    virtual std::optional<Type> field(std::string_view name) const = 0;
    virtual std::vector<std::string_view> fieldNames() const = 0;
    virtual std::string_view version() const = 0;  ///< to whose fields the type is true: "Kubernetes 1.36"
};

/// The type of a field of an object; dyn when the alternatives disagree, nothing when none of them has it.
std::optional<Type> fieldOf(const Type& object, std::string_view name);

/// Reads "int, map(string, list(A))"; capital letters are variables, and names that are none of CEL's go to `other`.
/// The text outlives the types. Throws std::invalid_argument: such texts are part of the program.
std::vector<Type> parseTypes(std::string_view text, const std::function<Type(std::string_view)>& other);

}  // namespace klaw::rules::cel
