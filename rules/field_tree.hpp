#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace klaw::rules {

/// Which fields of an object somebody reads: the input of a projection. A node with `whole` keeps everything below it.
struct FieldTree {
    bool whole = false;
    std::map<std::string, FieldTree, std::less<>> fields;
    std::unique_ptr<FieldTree> elements;  ///< for lists: what is read of each element

    FieldTree() = default;
    FieldTree(FieldTree&&) = default;
    FieldTree& operator=(FieldTree&&) = default;
    FieldTree(const FieldTree& other) { *this = other; }
    FieldTree& operator=(const FieldTree& other);

    /// "status.containerStatuses[].state.waiting.reason" or "metadata.labels" (a leaf is kept whole).
    void add(std::string_view path);
    /// The union.
    void merge(const FieldTree& other);
    /// As add() takes them, in order.
    std::vector<std::string> paths() const;
    bool empty() const { return !whole && fields.empty() && !elements; }
    friend bool operator==(const FieldTree& a, const FieldTree& b);
};

}  // namespace klaw::rules
