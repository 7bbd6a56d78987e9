#include "rules/cel/unknown_field.hpp"

#include <algorithm>

#include "rules/suggestion.hpp"

namespace klaw::rules::cel {
namespace {

/// The field that a node selects from its first argument; null where it does something else.
const std::string* fieldOfNode(const Node& node, std::string& buffer) {
    if (node.op == Op::Select || node.op == Op::OptionalSelect || node.op == Op::Has) return &node.name;
    if (node.op != Op::Index && node.op != Op::OptionalIndex) return nullptr;
    const auto& key = *node.args[1];
    if (key.op != Op::Constant || key.constant.kind() != Kind::String) return nullptr;
    buffer = key.constant.text();
    return &buffer;
}

std::string joined(const std::vector<std::string>& names) {
    std::string path;
    for (const auto& name : names) path += (path.empty() ? "" : ".") + name;
    return path;
}

std::string lacks(const Type& object, const std::string& path) {
    std::string names;
    for (const auto* type : object.objects) names += (names.empty() ? "" : " nor ") + std::string(type->name());
    bool one = object.objects.size() == 1;
    return one ? names + " has no field " + path : "neither " + names + " has a field " + path;
}

std::optional<std::string> nearestField(const Type& object, const std::string& field) {
    std::vector<std::string_view> known;
    for (const auto* type : object.objects)
        for (auto name : type->fieldNames()) known.push_back(name);
    auto near = nearest(field, known);
    return near ? std::optional<std::string>(*near) : std::nullopt;
}

}  // namespace

FieldPath fieldPath(const Node& selection) {
    FieldPath path{&selection, {}};
    std::string buffer;
    while (const auto* field = fieldOfNode(*path.root, buffer)) {
        path.names.push_back(*field);
        path.root = path.root->args[0].get();
    }
    std::ranges::reverse(path.names);
    return path;
}

Error unknownField(const Node& selection, const Type& operand, const Type& root) {
    auto path = fieldPath(selection);
    auto& field = path.names.back();
    auto near = nearestField(operand, field);
    bool fromRoot = root.isObject();
    auto written = fromRoot ? joined(path.names) : field;
    auto message = lacks(fromRoot ? root : operand, written);
    std::string remedy;
    if (near) {
        auto meant = path.names;
        meant.back() = *near;
        remedy = "did you mean " + (fromRoot ? joined(meant) : *near) + "? ";
    }
    auto object = fromRoot ? path.root->name : std::string("…");
    remedy += "The fields are those of " + std::string(operand.objects.front()->version()) +
              ": read a newer one as dyn(" + object + ")." + written;
    return Error(ErrorCode::InvalidArgument, std::move(message), selection.at.toString(), std::move(remedy));
}

}  // namespace klaw::rules::cel
