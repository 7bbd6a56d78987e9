#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/packed/field_name.hpp"
#include "rules/cel/lexer.hpp"
#include "rules/cel/value.hpp"

namespace re2 {
class RE2;
}

namespace klaw::rules::cel {

struct Function;

/// What a node does with its `args`.
enum class Op : std::uint8_t {
    Constant,
    Variable,        ///< slot of the bindings
    Local,           ///< iteration variable, depth below the innermost
    TypeName,        ///< constant that came from an identifier such as `int`
    Unresolved,      ///< unknown name of an unchecked expression; `name` is the error
    Select,          ///< args[0].field
    Has,             ///< has(args[0].field)
    OptionalSelect,  ///< args[0].?field
    Index,           ///< args[0][args[1]]
    OptionalIndex,   ///< args[0][?args[1]]
    List,
    Map,  ///< args: key, value, key, value …
    Not,
    Negate,
    And,
    Or,
    Conditional,
    Binary,         ///< arithmetic, comparison, `in`
    Call,           ///< function or method; a method's receiver is args[0]
    Comprehension,  ///< args: range, then the bodies of the macro
};

enum class BinaryOp : std::uint8_t {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In
};
std::string_view symbolOf(BinaryOp op);

enum class Macro : std::uint8_t {
    All,
    Exists,
    ExistsOne,
    Map,
    MapFilter,
    Filter,
    TransformList,
    TransformMap,
    TransformMapEntry,
    SortBy,
    OptMap,
    OptFlatMap,
    Bind
};

struct Node {
    Op op = Op::Constant;
    BinaryOp binary = BinaryOp::Add;
    Macro macro = Macro::All;
    Position at;
    std::vector<std::unique_ptr<Node>> args;
    Value constant;
    std::size_t slot = 0;       ///< Variable: of the bindings; Local: of the frame; Comprehension: of its first local
    bool twoVariables = false;  ///< Comprehension over index or key, and value; the second local follows the first
    bool filtered = false;      ///< Comprehension with a condition before the result: args 1 and 2
    FieldName field = FieldName::fromId(0);
    std::string name;                   ///< identifier, field, function
    std::vector<bool> optionalEntries;  ///< List, Map: `[?x]`, `{?k: v}`
    bool receiver = false;              ///< Call in method form
    const Function* function = nullptr;
    std::shared_ptr<const re2::RE2> regex;  ///< matches() with a constant pattern
};
using NodePtr = std::unique_ptr<Node>;

}  // namespace klaw::rules::cel
