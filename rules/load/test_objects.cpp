#include "rules/load/test_objects.hpp"

#include <charconv>

#include "rules/resource_names.hpp"

namespace klaw::rules {
namespace {

/// RFC 7396: maps are merged, null removes, everything else replaces.
YAML::Node merged(const YAML::Node& base, const YAML::Node& patch) {
    if (!patch.IsMap()) return YAML::Clone(patch);
    YAML::Node out = base.IsDefined() && base.IsMap() ? YAML::Clone(base) : YAML::Node(YAML::NodeType::Map);
    for (const auto& entry : patch) {
        const auto& key = entry.first.Scalar();
        if (entry.second.IsNull())
            out.remove(key);
        else
            out[key] = merged(static_cast<const YAML::Node&>(out)[key], entry.second);
    }
    return out;
}

template <class T>
std::optional<T> number(const std::string& text) {
    T value{};
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A plain scalar by YAML 1.2's core schema; quoted ones are texts.
void packScalar(const YAML::Node& node, PackedWriter& out) {
    const auto& text = node.Scalar();
    if (text.starts_with('@'))
        if (auto offset = parseDuration(text.substr(1))) return out.string(formatRfc3339(testStart() + *offset));
    if (node.Tag() != "?") return out.string(text);
    if (text == "true" || text == "false") return out.boolean(text == "true");
    if (text == "null" || text == "~") return out.null();
    if (auto integer = number<std::int64_t>(text)) return out.integer(*integer);
    if (auto real = number<double>(text)) return out.number(*real);
    out.string(text);
}

void pack(const YAML::Node& node, PackedWriter& out) {
    if (node.IsMap()) {
        out.beginMap();
        for (const auto& entry : node) {
            out.inlineKey(entry.first.Scalar());
            pack(entry.second, out);
        }
        out.endMap();
    } else if (node.IsSequence()) {
        out.beginList();
        for (const auto& element : node) pack(element, out);
        out.endList();
    } else if (node.IsScalar()) {
        packScalar(node, out);
    } else {
        out.null();
    }
}

PackedObject packed(const YAML::Node& node) {
    PackedWriter writer;
    pack(node, writer);
    return writer.take();
}

std::string scalarAt(const YAML::Node& map, const char* key) {
    if (!map.IsDefined() || !map.IsMap()) return {};
    const auto value = map[key];
    return value.IsDefined() && value.IsScalar() ? value.Scalar() : std::string();
}

/// "Pod/shop/web-1": what tells the objects of a test apart.
std::string identity(const YAML::Node& object) {
    const auto metadata = object["metadata"];
    return scalarAt(object, "kind") + "/" + scalarAt(metadata, "namespace") + "/" + scalarAt(metadata, "name");
}

/// Visits everything, so that a file full of aliases is refused by the count of its values.
void countValues(const YamlCursor& value) {
    if (value.isMap())
        for (const auto& [key, child] : value.entries("an object")) countValues(child);
    else if (value.isList())
        for (const auto& child : value.items("a list")) countValues(child);
}

}  // namespace

TimePoint testStart() {
    return TimePoint(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
}

void TestObjects::object(const YamlCursor& value, bool patch, TestInput& into) {
    auto before = value.problems().errorCount();
    countValues(value);
    if (value.problems().errorCount() != before) return;
    if (!value.isMap() || scalarAt(value.node(), "kind").empty() || identity(value.node()).ends_with('/')) {
        value.error("an object needs `kind` and `metadata.name`");
        return;
    }
    auto& known = objects_[identity(value.node())];
    if (patch && (!known.IsDefined() || known.IsNull())) value.error("there is no earlier object to patch");
    auto object = patch ? merged(known, value.node()) : YAML::Clone(value.node());
    if (scalarAt(object["metadata"], "uid").empty()) object["metadata"]["uid"] = identity(object);
    known.reset(object);
    into.resource = resourceOfKind(scalarAt(object, "kind"), scalarAt(object, "apiVersion"));
    into.object = packed(object);
}

void TestObjects::event(const YamlCursor& value, TestInput& into) {
    auto before = value.problems().errorCount();
    countValues(value);
    if (value.problems().errorCount() != before) return;
    if (!value.isMap()) {
        value.error("event: expected a map");
        return;
    }
    auto event = YAML::Clone(value.node());
    const auto involved = event["involvedObject"];
    std::string about =
        involved.IsDefined() && involved.IsMap()
            ? scalarAt(involved, "kind") + "/" + scalarAt(involved, "namespace") + "/" + scalarAt(involved, "name")
            : "";
    if (scalarAt(event["metadata"], "uid").empty())
        event["metadata"]["uid"] = "Event/" + scalarAt(event, "reason") + "/" + about;
    if (!about.empty() && scalarAt(involved, "uid").empty()) event["involvedObject"]["uid"] = about;
    if (scalarAt(event, "lastTimestamp").empty()) event["lastTimestamp"] = formatRfc3339(testStart() + into.at);
    into.resource = "events";
    into.object = packed(event);
}

}  // namespace klaw::rules
