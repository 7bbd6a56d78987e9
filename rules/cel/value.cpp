#include "rules/cel/value.hpp"

#include <fmt/format.h>

#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

#include "base/text/utf8.hpp"
#include "rules/cel/time_text.hpp"

namespace klaw::rules::cel {
namespace {

constexpr std::int64_t nanosPerSecond = 1'000'000'000;

/// Seconds and nanoseconds as nanoseconds, clamped.
std::int64_t toNanos(std::int64_t seconds, std::int32_t nanos) {
    constexpr auto limit = std::numeric_limits<std::int64_t>::max() / nanosPerSecond - 1;
    if (seconds > limit) return std::numeric_limits<std::int64_t>::max();
    if (seconds < -limit) return std::numeric_limits<std::int64_t>::min();
    return seconds * nanosPerSecond + nanos;
}

std::pair<std::int64_t, std::int32_t> fromNanos(std::int64_t nanos) {
    auto seconds = nanos / nanosPerSecond;
    auto rest = nanos % nanosPerSecond;
    if (rest < 0) return {seconds - 1, static_cast<std::int32_t>(rest + nanosPerSecond)};
    return {seconds, static_cast<std::int32_t>(rest)};
}

void appendJson(std::string& out, const Value& value);

void appendJsonString(std::string& out, std::string_view text) {
    out += '"';
    for (char c : validUtf8(text)) {
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) < 0x20)
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    out += '"';
}

void appendJsonContainer(std::string& out, const Value& value) {
    bool map = value.kind() == Kind::Map;
    out += map ? '{' : '[';
    bool first = true;
    value.forEach([&](const Value& key, const Value& element) {
        if (!std::exchange(first, false)) out += ',';
        if (map) {
            appendJsonString(out, key.toText());
            out += ':';
        }
        appendJson(out, element);
    });
    out += map ? '}' : ']';
}

void appendJson(std::string& out, const Value& value) {
    switch (value.kind()) {
        case Kind::Null:
            out += "null";
            break;
        case Kind::Bool:
        case Kind::Int:
        case Kind::Uint:
        case Kind::Double:
            out += value.toText();
            break;
        case Kind::List:
        case Kind::Map:
            appendJsonContainer(out, value);
            break;
        case Kind::Optional:
            if (value.hasValue())
                appendJson(out, value.inner());
            else
                out += "null";
            break;
        default:
            appendJsonString(out, value.toText());
    }
}

std::string doubleText(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    return fmt::format("{}", value);
}

bool isNumber(Kind kind) {
    return kind == Kind::Int || kind == Kind::Uint || kind == Kind::Double;
}

bool equalNumbers(const Value& a, const Value& b) {
    if (a.kind() == b.kind())
        return a.kind() == Kind::Double ? a.doubleValue() == b.doubleValue() : a.intValue() == b.intValue();
    if (a.kind() == Kind::Double || b.kind() == Kind::Double) return *a.asNumber() == *b.asNumber();
    return a.intValue() >= 0 && b.intValue() >= 0 && a.intValue() == b.intValue();
}

bool equalMaps(const Value& a, const Value& b) {
    if (a.size() != b.size()) return false;
    bool same = true;
    a.forEach([&](const Value& key, const Value& value) {
        if (!same) return;
        auto other = b.find(key);
        same = other && equal(value, *other);
    });
    return same;
}

bool equalLists(const Value& a, const Value& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0, n = a.size(); i < n; ++i)
        if (!equal(a.at(i), b.at(i))) return false;
    return true;
}

}  // namespace

std::string_view typeName(Kind kind) {
    switch (kind) {
        case Kind::Null:
            return "null_type";
        case Kind::Bool:
            return "bool";
        case Kind::Int:
            return "int";
        case Kind::Uint:
            return "uint";
        case Kind::Double:
            return "double";
        case Kind::String:
            return "string";
        case Kind::Bytes:
            return "bytes";
        case Kind::List:
            return "list";
        case Kind::Map:
            return "map";
        case Kind::Timestamp:
            return "google.protobuf.Timestamp";
        case Kind::Duration:
            return "google.protobuf.Duration";
        case Kind::Type:
            return "type";
        case Kind::Optional:
            return "optional_type";
        case Kind::Extension:
            return "extension";
    }
    return "null_type";
}

std::string_view typeNameOf(const Value& value) {
    return value.kind() == Kind::Extension ? value.extension().typeName() : typeName(value.kind());
}

Value Value::boolean(bool value) {
    Value result;
    result.kind_ = Kind::Bool;
    result.first_ = value;
    return result;
}

Value Value::integer(std::int64_t value) {
    Value result;
    result.kind_ = Kind::Int;
    result.first_ = value;
    return result;
}

Value Value::unsignedInteger(std::uint64_t value) {
    Value result;
    result.kind_ = Kind::Uint;
    result.first_ = static_cast<std::int64_t>(value);
    return result;
}

Value Value::number(double value) {
    Value result;
    result.kind_ = Kind::Double;
    result.first_ = std::bit_cast<std::int64_t>(value);
    return result;
}

double Value::doubleValue() const {
    return std::bit_cast<double>(first_);
}

Value Value::stringView(std::string_view value) {
    Value result;
    result.kind_ = Kind::String;
    result.first_ = static_cast<std::int64_t>(value.size());
    result.second_ = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(value.data()));
    return result;
}

Value Value::string(std::string_view value) {
    auto owned = std::make_shared<Owned>();
    owned->text = value;
    auto result = stringView(owned->text);
    result.owned_ = std::move(owned);
    return result;
}

Value Value::bytes(std::string_view value) {
    auto result = string(value);
    result.kind_ = Kind::Bytes;
    return result;
}

Value Value::type(std::string_view name) {
    auto result = string(name);
    result.kind_ = Kind::Type;
    return result;
}

Value Value::list(Items items) {
    auto owned = std::make_shared<Owned>();
    owned->items = std::move(items);
    Value result;
    result.kind_ = Kind::List;
    result.owned_ = std::move(owned);
    return result;
}

Value Value::map(Entries entries) {
    auto owned = std::make_shared<Owned>();
    owned->entries = std::move(entries);
    Value result;
    result.kind_ = Kind::Map;
    result.owned_ = std::move(owned);
    return result;
}

Value Value::optionalOf(Value value) {
    auto owned = std::make_shared<Owned>();
    owned->items.push_back(std::move(value));
    Value result;
    result.kind_ = Kind::Optional;
    result.owned_ = std::move(owned);
    return result;
}

Value Value::optionalNone() {
    Value result;
    result.kind_ = Kind::Optional;
    return result;
}

Value Value::extension(std::shared_ptr<const Extension> value) {
    auto owned = std::make_shared<Owned>();
    owned->extension = std::move(value);
    Value result;
    result.kind_ = Kind::Extension;
    result.owned_ = std::move(owned);
    return result;
}

Value Value::timestampOf(std::int64_t seconds, std::int32_t nanos) {
    Value result;
    result.kind_ = Kind::Timestamp;
    result.first_ = seconds;
    result.second_ = nanos;
    return result;
}

Value Value::durationOf(std::int64_t seconds, std::int32_t nanos) {
    auto result = timestampOf(seconds, nanos);
    result.kind_ = Kind::Duration;
    return result;
}

Value Value::timestamp(TimePoint value) {
    auto [seconds, nanos] = fromNanos(toUnixNanos(value));
    return timestampOf(seconds, nanos);
}

Value Value::duration(klaw::Duration value) {
    auto [seconds, nanos] = fromNanos(value.count());
    return durationOf(seconds, nanos);
}

Value Value::packed(PackedView value) {
    switch (value.kind()) {
        case PackedKind::Missing:
        case PackedKind::Null:
            return null();
        case PackedKind::False:
            return boolean(false);
        case PackedKind::True:
            return boolean(true);
        case PackedKind::Int:
            return integer(value.asInt());
        case PackedKind::Double:
            return number(value.asDouble());
        case PackedKind::String:
            return stringView(value.asString());
        case PackedKind::List:
        case PackedKind::Map:
            break;
    }
    Value result;
    result.kind_ = value.kind() == PackedKind::List ? Kind::List : Kind::Map;
    result.isPacked_ = true;
    result.view_ = value;
    return result;
}

std::optional<bool> Value::asBool() const {
    if (kind_ != Kind::Bool) return std::nullopt;
    return boolValue();
}

std::optional<std::int64_t> Value::asInt() const {
    if (kind_ != Kind::Int) return std::nullopt;
    return intValue();
}

std::optional<double> Value::asNumber() const {
    if (kind_ == Kind::Int) return static_cast<double>(intValue());
    if (kind_ == Kind::Uint) return static_cast<double>(uintValue());
    if (kind_ == Kind::Double) return doubleValue();
    return std::nullopt;
}

std::optional<std::string_view> Value::asString() const {
    if (kind_ != Kind::String) return std::nullopt;
    return text();
}

std::optional<TimePoint> Value::asTimestamp() const {
    if (kind_ != Kind::Timestamp) return std::nullopt;
    return fromUnixNanos(toNanos(seconds(), nanos()));
}

std::optional<klaw::Duration> Value::asDuration() const {
    if (kind_ != Kind::Duration) return std::nullopt;
    return klaw::Duration(toNanos(seconds(), nanos()));
}

std::string_view Value::text() const {
    return {reinterpret_cast<const char*>(static_cast<std::intptr_t>(second_)), static_cast<std::size_t>(first_)};
}

std::size_t Value::size() const {
    if (isPacked_) return view_.size();
    return kind_ == Kind::List ? owned_->items.size() : owned_->entries.size();
}

Value Value::at(std::size_t index) const {
    return isPacked_ ? packed(view_.element(index)) : owned_->items[index];
}

std::optional<Value> Value::find(const Value& key) const {
    if (isPacked_) {
        if (key.kind() != Kind::String) return std::nullopt;
        auto found = view_[key.text()];
        if (!found) return std::nullopt;
        return packed(found);
    }
    for (const auto& [name, value] : owned_->entries)
        if (equal(name, key)) return value;
    return std::nullopt;
}

std::optional<Value> Value::field(FieldName name) const {
    if (!isPacked_) return find(stringView(name.text()));
    auto found = view_[name];
    if (!found) return std::nullopt;
    return packed(found);
}

const Value& Value::inner() const {
    assert(hasValue());
    return owned_->items.front();
}

const Extension& Value::extension() const {
    return *owned_->extension;
}

std::string Value::toText() const {
    switch (kind_) {
        case Kind::Null:
            return "null";
        case Kind::Bool:
            return boolValue() ? "true" : "false";
        case Kind::Int:
            return std::to_string(intValue());
        case Kind::Uint:
            return std::to_string(uintValue());
        case Kind::Double:
            return doubleText(doubleValue());
        case Kind::String:
        case Kind::Bytes:
        case Kind::Type:
            return std::string(text());
        case Kind::Timestamp:
            return timestampText(seconds(), nanos());
        case Kind::Duration:
            return formatDuration(*asDuration());
        case Kind::Optional:
            return hasValue() ? inner().toText() : "";
        case Kind::Extension:
            return extension().toText();
        case Kind::List:
        case Kind::Map:
            break;
    }
    std::string json;
    appendJsonContainer(json, *this);
    return json;
}

bool equal(const Value& a, const Value& b) {
    if (isNumber(a.kind()) && isNumber(b.kind())) return equalNumbers(a, b);
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case Kind::Null:
            return true;
        case Kind::Bool:
            return a.boolValue() == b.boolValue();
        case Kind::String:
        case Kind::Bytes:
        case Kind::Type:
            return a.text() == b.text();
        case Kind::Timestamp:
        case Kind::Duration:
            return a.seconds() == b.seconds() && a.nanos() == b.nanos();
        case Kind::List:
            return equalLists(a, b);
        case Kind::Map:
            return equalMaps(a, b);
        case Kind::Optional:
            return a.hasValue() == b.hasValue() && (!a.hasValue() || equal(a.inner(), b.inner()));
        case Kind::Extension:
            return a.extension().typeName() == b.extension().typeName() && a.extension().equals(b.extension());
        default:
            return false;
    }
}

}  // namespace klaw::rules::cel
