#pragma once

#include <cstdint>
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
/// - of an inner node only what the tree reads. A map of which nothing is read is dropped, a scalar or null in its
/// place too;
/// - of a list all elements, so that size and positions stay; an element of which nothing is read becomes {} or null.
///   A map where the tree expects a list keeps all its keys, with the values projected like elements.
/// Fields stay in the order of the document, so equal content from one server is equal bytes.
///
/// Immutable; owned by one ResourceObserver.
class Projection {
public:
    explicit Projection(const rules::FieldTree& fields);

    /// The tree as compiled: what was asked for and the identity fields.
    const rules::FieldTree& fields() const { return fields_; }
    /// Every field that `other` reads is kept.
    bool covers(const rules::FieldTree& other) const;
    /// The same projection applied to an object that is packed already (it must come from a wider projection).
    void project(PackedView object, PackedWriter& into) const;

    /// What happens to the value of a key: an index into nodes(), or one of these.
    using Target = std::int32_t;
    static constexpr Target skip = -1;
    static constexpr Target whole = -2;

    struct Child {
        std::string key;
        FieldName name;
        Target target;
    };
    /// An inner node: keys with their own target, a target for all other keys, and one for list elements.
    struct Node {
        std::vector<Child> children;
        Target otherKeys = skip;
        Target elements = skip;
        const Child* find(std::string_view key) const;
    };
    const std::vector<Node>& nodes() const { return nodes_; }
    Target root() const { return root_; }
    /// The short form of a key inside a kept subtree; nullopt when it is stored as text. Fixed for the life of the
    /// projection.
    std::optional<FieldName> shortKey(std::string_view key) const;

private:
    Target compile(const rules::FieldTree& tree, bool isRoot, bool isMetadata);
    void collectNames(const rules::FieldTree& tree);
    void write(Target target, PackedView value, PackedWriter& into) const;
    bool writeNode(const Node& node, PackedView value, PackedWriter& into) const;

    rules::FieldTree fields_;
    std::vector<Node> nodes_;
    Target root_ = skip;
    std::vector<std::pair<std::string, FieldName>> shortKeys_;  ///< sorted by length, then text
};

}  // namespace klaw::observe
