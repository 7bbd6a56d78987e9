#include "test/cel/support/typed_value.hpp"

#include <openssl/evp.h>

#include <cmath>

#include "base/time.hpp"
#include "rules/cel/program.hpp"

namespace klaw::rules::cel {
namespace {

std::string base64Decoded(const std::string& text) {
    std::string bytes(text.size() / 4 * 3 + 3, '\0');
    int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                               reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    bytes.resize(static_cast<std::size_t>(std::max(size, 0)));
    for (auto i = text.size(); i-- > 0 && text[i] == '=';) bytes.pop_back();
    return bytes;
}

double doubleOf(const nlohmann::json& json) {
    if (json.is_number()) return json.get<double>();
    auto text = json.get<std::string>();
    if (text == "NaN") return std::nan("");
    return text == "Infinity" ? HUGE_VAL : -HUGE_VAL;
}

/// Timestamps and durations come as the messages of these names; the evaluator's own conversions read their text.
Result<Value> messageOf(const nlohmann::json& json) {
    auto type = json.at("@type").get<std::string>();
    auto text = json.at("value").get<std::string>();
    bool isTime = type.ends_with("google.protobuf.Timestamp");
    if (!isTime && !type.ends_with("google.protobuf.Duration"))
        return fail(ErrorCode::InvalidArgument, "a message of the type " + type);
    auto program = Program::compile(std::string(isTime ? "timestamp" : "duration") + "('" + text + "')", {});
    if (!program) return fail(program.error());
    auto value = program->evaluate({});
    if (!value) return fail(ErrorCode::InvalidArgument, text + ": " + value.error().message);
    return *value;
}

Result<Value> listOf(const nlohmann::json& json) {
    Value::Items items;
    for (const auto& element : json.value("values", nlohmann::json::array())) {
        auto item = fromTypedJson(element);
        if (!item) return item;
        items.push_back(std::move(*item));
    }
    return Value::list(std::move(items));
}

Result<Value> mapOf(const nlohmann::json& json) {
    Value::Entries entries;
    for (const auto& entry : json.value("entries", nlohmann::json::array())) {
        auto key = fromTypedJson(entry.at("key"));
        if (!key) return key;
        auto value = fromTypedJson(entry.at("value"));
        if (!value) return value;
        entries.emplace_back(std::move(*key), std::move(*value));
    }
    return Value::map(std::move(entries));
}

bool identicalLists(const Value& a, const Value& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (!identical(a.at(i), b.at(i))) return false;
    return true;
}

bool identicalMaps(const Value& a, const Value& b) {
    if (a.size() != b.size()) return false;
    bool same = true;
    a.forEach([&](const Value& key, const Value& value) {
        bool found = false;
        b.forEach([&](const Value& otherKey, const Value& other) {
            found = found || (identical(key, otherKey) && identical(value, other));
        });
        same = same && found;
    });
    return same;
}

}  // namespace

Result<Value> fromTypedJson(const nlohmann::json& json) {
    if (json.size() != 1) return fail(ErrorCode::InvalidArgument, "no typed value: " + json.dump());
    const auto& kind = json.begin().key();
    const auto& value = json.begin().value();
    if (kind == "nullValue") return Value::null();
    if (kind == "boolValue") return Value::boolean(value.get<bool>());
    if (kind == "int64Value") return Value::integer(std::stoll(value.get<std::string>()));
    if (kind == "uint64Value") return Value::unsignedInteger(std::stoull(value.get<std::string>()));
    if (kind == "doubleValue") return Value::number(doubleOf(value));
    if (kind == "stringValue") return Value::string(value.get<std::string>());
    if (kind == "bytesValue") return Value::bytes(base64Decoded(value.get<std::string>()));
    if (kind == "typeValue") return Value::type(value.get<std::string>());
    if (kind == "listValue") return listOf(value);
    if (kind == "mapValue") return mapOf(value);
    if (kind == "objectValue") return messageOf(value);
    return fail(ErrorCode::InvalidArgument, "a value of the kind " + kind);
}

Value fromPlainJson(const nlohmann::json& json) {
    if (json.is_boolean()) return Value::boolean(json.get<bool>());
    if (json.is_number_integer()) return Value::integer(json.get<std::int64_t>());
    if (json.is_number()) return Value::number(json.get<double>());
    if (json.is_string()) return Value::string(json.get<std::string>());
    if (json.is_array()) {
        Value::Items items;
        for (const auto& element : json) items.push_back(fromPlainJson(element));
        return Value::list(std::move(items));
    }
    if (!json.is_object()) return Value::null();
    Value::Entries entries;
    for (const auto& [key, value] : json.items()) entries.emplace_back(Value::string(key), fromPlainJson(value));
    return Value::map(std::move(entries));
}

bool identical(const Value& a, const Value& b) {
    if (a.kind() != b.kind()) return false;
    if (a.kind() == Kind::List) return identicalLists(a, b);
    if (a.kind() == Kind::Map) return identicalMaps(a, b);
    if (a.kind() == Kind::Double && std::isnan(a.doubleValue())) return std::isnan(b.doubleValue());
    return equal(a, b);
}

std::string described(const Value& value) {
    return std::string(typeName(value.kind())) + " " + value.toText();
}

}  // namespace klaw::rules::cel
