#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.hpp"
#include "rules/cel/value.hpp"

namespace klaw::rules::cel {

/// A value from the JSON form of the protobuf message cel.expr.Value, which keeps CEL's types apart:
/// {"int64Value":"1"}, {"mapValue":{"entries":[{"key":…,"value":…}]}}, {"objectValue":{"@type":"…Timestamp", …}}.
Result<Value> fromTypedJson(const nlohmann::json& json);

/// A value from plain JSON, whole numbers as int; what fromTypedJson is for objects without types.
Value fromPlainJson(const nlohmann::json& json);

/// Equal in type and value: 1 is not 1u nor 1.0, NaN is NaN; maps in any order.
bool identical(const Value& a, const Value& b);

/// For people: the type with the text.
std::string described(const Value& value);

}  // namespace klaw::rules::cel
