#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace klaw {

/// A JSON key that a projection, rule or card reads, as a small number that is equal for equal texts.
///
/// Names come from rules and from our own code, never from cluster data, so the table behind them is bounded.
/// Thread-safe; a name lives as long as the process.
class FieldName {
public:
    /// Adds the name when it is new. Throws std::length_error after 65,000 names.
    static FieldName of(std::string_view text);
    /// Never adds: nullopt when nobody reads a field of this name.
    static std::optional<FieldName> find(std::string_view text);
    static FieldName fromId(std::uint16_t id) { return FieldName(id); }

    std::string_view text() const;
    std::uint16_t id() const { return id_; }
    friend bool operator==(FieldName, FieldName) = default;

private:
    explicit FieldName(std::uint16_t id) : id_(id) {}
    std::uint16_t id_;
};

}  // namespace klaw
