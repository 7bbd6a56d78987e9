#pragma once

#include <yaml-cpp/yaml.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/load/problems.hpp"

namespace klaw::rules {

/// A value of a YAML file with its place. Reading functions report what does not fit to the file's Problems and give a
/// default. Visited values are counted, so that aliases cannot multiply the work.
class YamlCursor {
public:
    struct Entry;

    /// The root of a file; nullopt, with the error reported, when it is no single well-formed document within the
    /// limits.
    static std::optional<YamlCursor> parse(const std::shared_ptr<const SourceFile>& file, const std::string& text,
                                           Problems& problems);

    const Place& at() const { return at_; }
    const YAML::Node& node() const { return node_; }
    bool isNull() const { return !node_ || node_.IsNull(); }
    bool isMap() const { return node_ && node_.IsMap(); }
    bool isList() const { return node_ && node_.IsSequence(); }
    bool isScalar() const { return node_ && node_.IsScalar(); }

    /// "severity: expected a text": `what` names the value in the message.
    Text text(std::string_view what) const;
    std::optional<bool> boolean(std::string_view what) const;
    std::optional<std::int64_t> integer(std::string_view what) const;
    /// Entries in the order of the file; duplicate keys and keys that are no text are reported.
    std::vector<Entry> entries(std::string_view what) const;
    std::vector<YamlCursor> items(std::string_view what) const;
    /// A list of texts, or one text.
    std::vector<Text> texts(std::string_view what) const;

    void error(std::string message, std::string remedy = {}) const {
        problems_->error(at_, std::move(message), std::move(remedy));
    }
    Problems& problems() const { return *problems_; }

    static constexpr std::size_t maxBytes = 1'000'000;
    static constexpr std::size_t maxValues = 50'000;

private:
    YamlCursor(const YAML::Node& node, std::shared_ptr<const SourceFile> file, Problems& problems,
               std::shared_ptr<std::size_t> visited);
    YamlCursor child(const YAML::Node& node) const { return {node, at_.file, *problems_, visited_}; }
    bool visit() const;

    YAML::Node node_;
    Place at_;
    Problems* problems_;
    std::shared_ptr<std::size_t> visited_;
};

struct YamlCursor::Entry {
    Text key;
    YamlCursor value;
};

/// One key of a section and how its value is read into T.
template <class T>
struct Field {
    std::string_view name;
    void (*decode)(const YamlCursor& value, T& into);
    std::string_view replacedBy{};  ///< the key that is to be written instead; empty: it is not deprecated
};

void reportUnknownKey(const YamlCursor& map, const Text& key, std::string_view section,
                      const std::vector<std::string_view>& known);
/// A warning; an error where the map has the new key as well.
void reportDeprecatedKey(const YamlCursor& map, const Text& key, std::string_view section, std::string_view replacedBy);

/// Reads a map by the table of its section; keys that the table does not know are errors.
template <class T>
void decodeFields(const YamlCursor& map, std::string_view section, std::span<const Field<T>> fields, T& into) {
    for (const auto& [key, value] : map.entries(section)) {
        const Field<T>* found = nullptr;
        for (const auto& field : fields)
            if (field.name == key.value) found = &field;
        if (found) {
            if (!found->replacedBy.empty()) reportDeprecatedKey(map, key, section, found->replacedBy);
            found->decode(value, into);
            continue;
        }
        std::vector<std::string_view> known;
        for (const auto& field : fields)
            if (field.replacedBy.empty()) known.push_back(field.name);
        reportUnknownKey(map, key, section, known);
    }
}

}  // namespace klaw::rules
