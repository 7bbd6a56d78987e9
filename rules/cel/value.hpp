#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/packed/packed.hpp"
#include "base/time.hpp"

namespace klaw::rules::cel {

enum class Kind : std::uint8_t {
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    List,
    Map,
    Timestamp,
    Duration,
    Type,
    Optional
};

/// A CEL value. Small, cheap to copy. Strings, lists and maps that come from a packed object are views into it;
/// computed ones are shared and owned.
class Value {
public:
    Value() = default;  ///< null
    static Value null() { return Value(); }
    static Value boolean(bool value);
    static Value integer(std::int64_t value);
    static Value unsignedInteger(std::uint64_t value);
    static Value number(double value);
    /// Owns a copy.
    static Value string(std::string_view value);
    /// A view; the caller keeps the text alive as long as the value and everything computed from it.
    static Value stringView(std::string_view value);
    static Value timestamp(TimePoint value);
    static Value duration(klaw::Duration value);
    /// A missing view becomes null. Whole numbers are int, others double.
    static Value packed(PackedView value);

    Kind kind() const;
    bool isTrue() const;  ///< kind is Bool and true
    std::optional<bool> asBool() const;
    std::optional<std::int64_t> asInt() const;
    std::optional<double> asNumber() const;  ///< int, uint or double
    std::optional<std::string_view> asString() const;
    std::optional<TimePoint> asTimestamp() const;
    std::optional<klaw::Duration> asDuration() const;
    /// For interpolation: strings as they are, numbers, booleans, RFC 3339, durations like "1h30m", lists and maps as
    /// JSON.
    std::string toText() const;
    /// Calls `visit(Value key, Value element)` for each entry (list: index); false when this is no list or map.
    template <class Visit>
    bool forEach(Visit visit) const;
};

}  // namespace klaw::rules::cel
