#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/packed/packed.hpp"
#include "rules/field_tree.hpp"

namespace klaw::observe {

/// Which fields of the objects of one resource are kept: a rules::FieldTree compiled for the projector.
///
/// What is kept:
/// - metadata.name, namespace and uid always; metadata.managedFields only where the tree names it;
/// - a leaf ("whole") with everything below it, exactly as it came;
/// - of an inner node only what the tree reads. A map of which nothing is read is dropped, and so is a scalar or null
///   where the tree expects a map or list;
/// - of a list all elements, so that size and positions stay; an element of which nothing is read becomes {} or null.
///   A map where the tree expects a list keeps all its keys, with the values projected like elements; the object and
///   its metadata are kept whole then.
/// Fields stay in the order of the document (kind and apiVersion come last, and not when they are empty), so equal
/// content from one server is equal bytes.
///
/// Immutable; owned by one Projector.
class Projection {
public:
    explicit Projection(const rules::FieldTree& fields);

    /// The tree as compiled: what was asked for and the identity fields.
    const rules::FieldTree& fields() const { return fields_; }
    /// Every field that `other` reads is kept.
    bool covers(const rules::FieldTree& other) const;
    /// The same projection applied to an object that is packed already.
    void project(PackedView object, PackedWriter& into) const;

    /// What happens to the value of a key: an index into nodes(), or one of these.
    using Target = std::int32_t;
    static constexpr Target skip = -1;
    static constexpr Target whole = -2;

    /// Values that the projector hands out beside the object.
    enum class Capture : std::uint8_t { None, Uid, Name, Namespace, ResourceVersion, Kind, ApiVersion };

    struct Child {
        std::string key;
        FieldName name;
        Target target = skip;
        Capture capture = Capture::None;
    };
    /// An inner node: keys with their own target, a target for all other keys, and one for list elements.
    struct Node {
        std::vector<Child> children;
        Target otherKeys = skip;
        Target elements = skip;
        const Child* find(std::string_view key) const;
        /// Values that project to nothing are kept as {} or null.
        bool keepsEvery() const { return elements != skip; }
    };
    const Node& node(Target target) const { return nodes_[static_cast<std::size_t>(target)]; }
    std::size_t nodeCount() const { return nodes_.size(); }
    Target root() const { return root_; }
    /// The short form of a key inside a kept subtree; nullopt when it is stored as text. Fixed for the life of the
    /// projection, so that equal objects stay equal bytes.
    std::optional<FieldName> shortKey(std::string_view key) const;

private:
    enum class Place { Root, Metadata, Elsewhere };
    Target compile(const rules::FieldTree& tree, Place place, bool wholeAbove);
    Child compileChild(const std::string& key, const rules::FieldTree& tree, Place place, bool wholeAbove);
    void addCaptures(Node& node, Place place, bool keepAll);
    void collectKeys(const rules::FieldTree& tree);
    void addShortKey(std::string_view key);
    bool write(Target target, PackedView value, bool hold, PackedWriter& into) const;
    bool writeMap(const Node& node, PackedView map, bool hold, PackedWriter& into) const;
    void writeWhole(PackedView value, PackedWriter& into) const;
    void writeKey(std::string_view key, PackedWriter& into) const;

    struct KeyHash {
        std::size_t operator()(std::string_view key) const noexcept;
    };
    rules::FieldTree fields_;
    std::vector<Node> nodes_;
    Target root_ = skip;
    boost::unordered_flat_map<std::string_view, FieldName, KeyHash> shortKeys_;
};

}  // namespace klaw::observe
