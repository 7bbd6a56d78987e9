#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "rules/field_tree.hpp"

namespace klaw::observe::test {

/// What Projection's header promises, written for clarity on a document tree. `object` needs metadata.
inline nlohmann::json referenceProjection(const rules::FieldTree& fields, const nlohmann::json& object);

namespace detail {

using nlohmann::json;
using rules::FieldTree;

enum class Place { Root, Metadata, Elsewhere };

std::optional<json> project(const FieldTree& tree, const json& value, bool wholeAbove, Place place);

inline json held(const FieldTree& tree, const json& value) {
    auto kept = project(tree, value, false, Place::Elsewhere);
    if (kept) return *kept;
    return value.is_object() ? json::object() : json(nullptr);
}

inline std::optional<json> projectMap(const FieldTree& tree, const json& map, bool whole, Place place) {
    json out = json::object();
    for (const auto& [key, child] : map.items()) {
        auto named = tree.fields.find(key);
        bool isManaged = place == Place::Metadata && key == "managedFields";
        auto below = place == Place::Root && key == "metadata" ? Place::Metadata : Place::Elsewhere;
        bool inherits = whole && !isManaged;
        if (tree.elements && !whole) {
            FieldTree both = *tree.elements;
            if (named != tree.fields.end()) both.merge(named->second);
            out[key] = held(both, child);
        } else if (named != tree.fields.end() || inherits) {
            static const FieldTree nothing;
            auto kept = project(named == tree.fields.end() ? nothing : named->second, child, inherits, below);
            if (kept) out[key] = *kept;
        }
    }
    bool keepsEvery = tree.elements && !whole;
    if (out.empty() && !whole && !keepsEvery) return std::nullopt;
    return out;
}

inline std::optional<json> project(const FieldTree& tree, const json& value, bool wholeAbove, Place place) {
    bool whole = wholeAbove || tree.whole || (tree.elements && place != Place::Elsewhere);
    if (whole && place == Place::Elsewhere) return value;
    if (value.is_object()) return projectMap(tree, value, whole, place);
    if (!value.is_array() || !tree.elements) return std::nullopt;
    json out = json::array();
    for (const auto& element : value) out.push_back(held(*tree.elements, element));
    return out;
}

}  // namespace detail

inline nlohmann::json referenceProjection(const rules::FieldTree& fields, const nlohmann::json& object) {
    auto tree = fields;
    for (auto path : {"metadata.name", "metadata.namespace", "metadata.uid"}) tree.add(path);
    auto projected = detail::project(tree, object, false, detail::Place::Root).value_or(nlohmann::json::object());
    for (const auto* key : {"kind", "apiVersion"})
        if (projected.contains(key) && projected[key] == "") projected.erase(key);
    return projected;
}

}  // namespace klaw::observe::test
