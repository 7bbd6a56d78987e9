#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
    Optional,
    Extension
};

/// As CEL's type() prints it: "int", "google.protobuf.Timestamp".
std::string_view typeName(Kind kind);

/// A value of a type that a function library brings: a quantity, a URL, an IP address. Immutable.
class Extension {
public:
    virtual ~Extension() = default;
    virtual std::string_view typeName() const = 0;
    virtual std::string toText() const = 0;
    /// `other` has the same type name.
    virtual bool equals(const Extension& other) const = 0;
};

/// A CEL value. Small, cheap to copy. Strings, lists and maps that come from a packed object are views into it;
/// computed ones are shared and owned.
class Value {
public:
    using Items = std::vector<Value>;
    using Entries = std::vector<std::pair<Value, Value>>;

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
    static Value bytes(std::string_view value);
    static Value list(Items items);
    static Value map(Entries entries);  ///< keys must be unique
    static Value type(std::string_view name);
    static Value optionalOf(Value value);
    static Value optionalNone();
    static Value extension(std::shared_ptr<const Extension> value);
    static Value timestamp(TimePoint value);
    static Value duration(klaw::Duration value);
    /// CEL's ranges are wider than TimePoint: years 1 to 9999. `nanos` is 0 to 999,999,999 and counts forward.
    static Value timestampOf(std::int64_t seconds, std::int32_t nanos);
    static Value durationOf(std::int64_t seconds, std::int32_t nanos);
    /// A missing view becomes null. Whole numbers are int, others double.
    static Value packed(PackedView value);

    Kind kind() const { return kind_; }
    bool isTrue() const { return kind_ == Kind::Bool && first_ != 0; }  ///< kind is Bool and true
    std::optional<bool> asBool() const;
    std::optional<std::int64_t> asInt() const;
    std::optional<double> asNumber() const;  ///< int, uint or double
    std::optional<std::string_view> asString() const;
    std::optional<TimePoint> asTimestamp() const;  ///< clamped to what a TimePoint holds
    std::optional<klaw::Duration> asDuration() const;
    /// For interpolation: strings as they are, numbers, booleans, RFC 3339, durations like "1h30m", lists and maps as
    /// JSON.
    std::string toText() const;
    /// Calls `visit(Value key, Value element)` for each entry (list: index); false when this is no list or map.
    template <class Visit>
    bool forEach(Visit visit) const;

    // What the evaluator needs; each is meaningful for the kinds it names only.
    bool boolValue() const { return first_ != 0; }
    std::int64_t intValue() const { return first_; }
    std::uint64_t uintValue() const { return static_cast<std::uint64_t>(first_); }
    double doubleValue() const;
    std::string_view text() const;                                             ///< String, Bytes, Type
    std::int64_t seconds() const { return first_; }                            ///< Timestamp, Duration
    std::int32_t nanos() const { return static_cast<std::int32_t>(second_); }  ///< Timestamp, Duration
    std::size_t size() const;                                                  ///< List, Map
    Value at(std::size_t index) const;                                         ///< List; index < size()
    std::optional<Value> find(const Value& key) const;                         ///< Map; numbers equal across types
    /// Field of a map by name, the fast path of selection.
    std::optional<Value> field(FieldName name) const;
    bool hasValue() const { return owned_ != nullptr; }  ///< Optional
    const Value& inner() const;                          ///< Optional with a value
    const Extension& extension() const;                  ///< Extension
    PackedView packedView() const { return isPacked_ ? view_ : PackedView(); }

private:
    struct Owned {
        std::string text;
        Items items;
        Entries entries;
        std::shared_ptr<const Extension> extension;
    };
    Kind kind_ = Kind::Null;
    bool isPacked_ = false;  ///< List or Map that views into a packed object
    PackedView view_;
    std::int64_t first_ = 0;   ///< scalar, seconds, or length of a text view
    std::int64_t second_ = 0;  ///< nanoseconds, or address of a text view
    std::shared_ptr<const Owned> owned_;
};

/// typeName of the kind, or the name that an extension gives itself.
std::string_view typeNameOf(const Value& value);

/// CEL equality: numbers compare across types, NaN equals nothing, different kinds are unequal.
bool equal(const Value& a, const Value& b);

template <class Visit>
bool Value::forEach(Visit visit) const {
    if (kind_ != Kind::List && kind_ != Kind::Map) return false;
    std::int64_t index = 0;
    if (isPacked_) {
        for (auto it = view_.begin(); it != view_.end(); ++it)
            visit(kind_ == Kind::List ? integer(index++) : stringView(it.key()), packed(*it));
    } else if (kind_ == Kind::List) {
        for (const auto& item : owned_->items) visit(integer(index++), item);
    } else {
        for (const auto& [key, value] : owned_->entries) visit(key, value);
    }
    return true;
}

}  // namespace klaw::rules::cel
