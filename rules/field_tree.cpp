#include "rules/field_tree.hpp"

#include <string_view>

namespace klaw::rules {
namespace {

void addPaths(const FieldTree& tree, const std::string& path, std::vector<std::string>& into) {
    bool leaf = tree.whole || (tree.fields.empty() && !tree.elements);
    if (leaf && !path.empty()) into.push_back(path);
    if (leaf) return;
    for (const auto& [name, child] : tree.fields) addPaths(child, path.empty() ? name : path + "." + name, into);
    if (tree.elements) addPaths(*tree.elements, path + "[]", into);
}

}  // namespace

FieldTree& FieldTree::operator=(const FieldTree& other) {
    if (this == &other) return *this;
    whole = other.whole;
    fields = other.fields;
    elements = other.elements ? std::make_unique<FieldTree>(*other.elements) : nullptr;
    return *this;
}

void FieldTree::add(std::string_view path) {
    FieldTree* node = this;
    while (!path.empty()) {
        auto dot = path.find('.');
        auto segment = path.substr(0, dot);
        path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
        bool list = segment.ends_with("[]");
        if (list) segment.remove_suffix(2);
        if (!segment.empty()) node = &node->fields[std::string(segment)];
        if (!list) continue;
        if (!node->elements) node->elements = std::make_unique<FieldTree>();
        node = node->elements.get();
    }
    node->whole = true;
}

void FieldTree::merge(const FieldTree& other) {
    whole = whole || other.whole;
    for (const auto& [name, child] : other.fields) fields[name].merge(child);
    if (!other.elements) return;
    if (!elements) elements = std::make_unique<FieldTree>();
    elements->merge(*other.elements);
}

std::vector<std::string> FieldTree::paths() const {
    std::vector<std::string> paths;
    addPaths(*this, "", paths);
    return paths;
}

bool operator==(const FieldTree& a, const FieldTree& b) {
    if (a.whole != b.whole || a.fields != b.fields || !a.elements != !b.elements) return false;
    return !a.elements || *a.elements == *b.elements;
}

}  // namespace klaw::rules
